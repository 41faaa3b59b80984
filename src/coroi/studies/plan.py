"""The plan: what an analyst says once about the data, and the studies to be run on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from coroi.errors import PlanError, Problem
from coroi.schemas import PERIODS_PER_YEAR, ContractPrices, Period, Relationship
from coroi.sources import Engine, Metric, Name, Source, Strict, Value
from coroi.studies.yaml_lines import Loc, read_yaml

Folder = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_MOST_FINDINGS = 1_000  # that are compared with what may not be told
_YEARS = range(1800, 2200)  # of a window of observation; 9999 and the like stand for no date
NO_YEAR = f"its year is not one of {_YEARS[0]} to {_YEARS[-1]}"


def _iso_date(value: object) -> object:
    if isinstance(value, str) and len(value) == 10:
        value = date.fromisoformat(value)
    if type(value) is date and value.year not in _YEARS:
        raise ValueError(NO_YEAR)
    if value is None or type(value) is date:
        return value
    raise ValueError("not a date")


IsoDate = Annotated[date, BeforeValidator(_iso_date)]
ChosenEngine = Annotated[Engine, BeforeValidator(lambda value: {"name": value} if isinstance(value, str) else value)]
Margin = Annotated[dict[Name, Annotated[StrictFloat, Field(ge=0, le=1)]], Field(min_length=1, max_length=1000)]
Parameters = Annotated[dict[Name, Value], BeforeValidator(lambda value: {} if value is None else value)]


class Privacy(Strict):
    """What a report may show of people: the smallest count of them, and whether words that they wrote."""

    smallest_cell: Annotated[StrictInt, Field(ge=1, le=1000)] = 10
    verbatims: StrictBool = False


class Plan(Strict):
    """Data, units and studies, as the plan file gives them.

    A table's ``columns`` map our names to the file's; a column that the file has under our name needs no line.
    ``metric_age_limit`` and ``relationship`` may be left open: see the properties for what then holds. A study's
    parameters are plain values; the key ``notebook`` names a researcher's own notebook, relative to the plan.
    """

    name: Folder
    tables: Annotated[dict[Name, Source], Field(min_length=1, max_length=50)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    period: Period
    metrics: dict[MetricName, Metric] = Field(default_factory=dict, max_length=50)
    margins: dict[Name, Margin] = Field(default_factory=dict, max_length=50)
    grace_days: Annotated[StrictInt, Field(ge=0, le=3660)] = 30
    horizon: Annotated[StrictInt, Field(ge=1, le=600)] = 12
    discount_rate_annual: Annotated[StrictFloat, Field(ge=0, lt=1)] = 0.10
    smallest_effect: Annotated[StrictFloat, Field(gt=0, lt=1)] = 0.01
    metric_age_limit: Annotated[StrictInt, Field(ge=1, le=600)] | None = None
    observed_from: IsoDate | None = None
    observed_until: IsoDate | None = None
    relationship: Relationship | None = None
    exits_at: Literal["any_time", "renewal"] = "any_time"
    contract_prices: ContractPrices = "in_transactions"
    exit_flags: dict[Name, Source] = Field(default_factory=dict, max_length=50)
    studies: dict[Folder, Parameters] = Field(default_factory=dict, max_length=100)
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 1
    engine: ChosenEngine = Engine()
    privacy: Privacy = Field(default_factory=Privacy)

    @property
    def periods_discount_rate(self) -> float:
        """Discount rate per period that compounds to the annual one."""
        return float((1 + self.discount_rate_annual) ** (1 / PERIODS_PER_YEAR[self.period]) - 1)

    @property
    def relationship_or_default(self) -> Relationship:
        """What ends a relationship; left open: contracts where there are any, else purchases, else a snapshot."""
        if self.relationship:
            return self.relationship
        if "subscriptions" in self.tables:
            return "contract"
        return "repeat_purchase" if "transactions" in self.tables else "snapshot"

    @property
    def metric_age_limit_or_default(self) -> int:
        """Periods for which an answer counts; left open: those of one year."""
        return self.metric_age_limit or round(PERIODS_PER_YEAR[self.period])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlan:
    """A valid plan, and where it was read.

    Parameters
    ----------
    plan : Plan
        What it says.
    path : Path
        The file.
    base : Path
        Folder that the tables' paths start from.
    lines : Mapping of tuple to int
        Line of every key, as ``("tables", "customers", "path")``.
    """

    plan: Plan
    path: Path
    base: Path
    lines: Mapping[Loc, int] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        """The engine, its spill folder starting from the plan's own folder."""
        chosen = self.plan.engine
        if chosen.spill_folder is None:
            return chosen
        folder = self.path.parent / Path(chosen.spill_folder).expanduser()
        return chosen.model_copy(update={"spill_folder": str(folder.resolve())})

    def study_parameters(self, study: str) -> dict[str, Any]:
        """Return what the plan gives for a study, its notebook's path left out."""
        return {k: v for k, v in self.plan.studies.get(study, {}).items() if k != "notebook"}

    def own_notebook(self, study: str) -> Path | None:
        """Return the path of a researcher's own notebook, or None where the study is one of ours."""
        named = self.plan.studies.get(study, {}).get("notebook")
        return self.path.parent / str(named) if named else None


def read_plan(path: Path | str, *, data: Path | str | None = None, known_studies: Mapping[str, Path]) -> LoadedPlan:
    """Read and check a plan; all problems are raised together, each with its line.

    Parameters
    ----------
    path : Path or str
        The plan file.
    data : Path or str, optional
        Folder that the tables' relative paths start from; the plan's own folder if left out.
    known_studies : Mapping of str to Path
        Notebook of each study that a plan may name.

    Returns
    -------
    LoadedPlan

    Raises
    ------
    PlanError
        If anything is wrong: the YAML, a key, a value, a name, a file, a column, a study's parameter.
    """
    from coroi.studies.plan_checks import Parts, check_parts
    from coroi.studies.plan_words import structural_findings, without_secrets

    path = Path(path)
    base = Path(data) if data is not None else path.parent
    if not base.is_dir():
        raise PlanError(Problem(str(base), "this is not a folder.", "Give the folder that holds the data files."))
    document = read_yaml(path)
    # A key with nothing after it counts as not given.
    document.data = {k: v for k, v in document.data.items() if v is not None}
    structural = structural_findings(document)
    parts = Parts.of(document)
    findings, problems = check_parts(parts, base=base, folder=path.parent, known_studies=known_studies)
    told = sorted([*document.findings, *structural, *findings], key=document.line_of)[:_MOST_FINDINGS]
    kept = without_secrets(document, told)
    if kept or problems:
        kept.sort(key=document.line_of)
        raise PlanError([*map(document.problem, kept), *problems])
    return LoadedPlan(plan=Plan.model_validate(document.data), path=path, base=base, lines=document.lines)
