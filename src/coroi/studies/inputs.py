"""What a notebook works on: the plan, the clean tables, the panel and the account of the cleaning."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from coroi import storage
from coroi.errors import DataError, StudyError, raise_together
from coroi.prepare import Prepared, PrepareOptions, prepare_company
from coroi.results import Result, Verdict
from coroi.schemas import Panel, missing_for
from coroi.sources import Engine
from coroi.studies.bundled import sample_folder
from coroi.studies.margins import margin_problems
from coroi.studies.plan import LoadedPlan, Plan, read_plan
from coroi.studies.predictions import checked, data_until, keep_predictions, last_known
from coroi.studies.registry import STUDIES, notebook_of
from coroi.studies.small_cells import refuse_small

PREPARED, OUTPUT, REPORTS = "COROI_PREPARED", "COROI_OUTPUT", "COROI_REPORTS"
_WORDS = "prepared.json"
_PANEL_DATES = ("observed_until", "last_complete_period", "last_at_risk_period")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """What a study's notebook works on.

    Parameters
    ----------
    plan : Plan
        The plan.
    connection : Session
        Where the tables live: in a run, the engine inside this process, whichever engine made them.
    tables : dict of str to ibis.Table
        Clean tables.
    panel : Panel or None
        The customer-period panel.
    ledger, flags : pandas.DataFrame
        The account of the cleaning, and the cross-table of rival churn flags.
    output : Path or None
        Where results are kept; ``None`` when the notebook is run by hand.
    reports : Path or None
        The plan's folder of reports, one folder a run; ``None`` when the notebook is run by hand.
    """

    plan: Plan
    connection: Any
    tables: dict[str, Any]
    panel: Panel | None
    ledger: pd.DataFrame
    flags: pd.DataFrame
    output: Path | None
    reports: Path | None = None

    def save(self, result: Result, *, verdict: Verdict | None = None, headline: str = "") -> None:
        """Keep a result, its verdict and the page's first sentence; by hand nothing is written.

        Raises
        ------
        StudyError
            If its tables count fewer customers than the plan lets be shown.
        """
        smallest = self.plan.privacy.smallest_cell
        kept = {"estimates": result.estimates, **result.tables, **{c.name: c.table for c in result.checks}}
        refuse_small(kept, smallest)
        if self.output is not None:
            storage.write_result(result, self.output, verdict=verdict, headline=headline, smallest=smallest)

    def predict(self, predictions: pd.DataFrame) -> None:
        """Keep what the study predicts, so that a later run on newer data scores it; by hand it is only checked.

        Parameters
        ----------
        predictions : pandas.DataFrame
            One row a value that is yet to come: ``name, label, period`` (first day), ``unit, estimate, pred_low,
            pred_high, level, method``; `data_until` is the data's last day unless told; `customers` and `events`,
            where given, are checked against the smallest count that may be shown. See
            :func:`coroi.studies.predictions.prediction_rows`.

        Raises
        ------
        StudyError
            If they are not predictions, or stand for fewer customers than the plan lets be shown.
        """
        until, frequency = data_until(self.panel, self.plan.observed_until), self.plan.period
        known, smallest = last_known(self.panel, until, frequency), self.plan.privacy.smallest_cell
        kept = checked(predictions, until=until, frequency=frequency, smallest=smallest, known=known)
        if self.output is not None:
            keep_predictions(kept, self.output)


def options_of(plan: Plan) -> PrepareOptions:
    """Return what the plan decides about time, money and metrics."""
    return PrepareOptions(
        period=plan.period,
        currency=plan.currency,
        relationship=plan.relationship_or_default,
        grace_days=plan.grace_days,
        contract_prices=plan.contract_prices,
        metrics=plan.metrics,
        metric_age_limit=plan.metric_age_limit_or_default,
        observed_from=plan.observed_from,
        observed_until=plan.observed_until,
    )


def prepare_plan(
    loaded: LoadedPlan, folder: Path, progress: Callable[[str], None] | None = None, *, strict: bool = True
) -> Prepared:
    """Clean all tables of a plan and write them to a folder.

    Parameters
    ----------
    loaded : LoadedPlan
        The plan.
    folder : Path
        Takes Parquet files and what else a notebook needs; holds customers' data, so it is no place in a report.
    progress : callable, optional
        Told the name of each step.
    strict : bool
        Raise if any table cannot be used; otherwise leave it out and list its problems.

    Raises
    ------
    DataError
        With the problems of all tables.
    """
    prepared = _prepare(loaded, progress)
    try:
        if strict:
            raise_together(prepared.problems, DataError)
        _write(prepared, loaded, folder)
    except BaseException:
        prepared.connection.disconnect()
        raise
    return prepared


def open_inputs(plan: str = "sample") -> Inputs:
    """Open what a notebook works on.

    Parameters
    ----------
    plan : str
        Path of a plan file, or ``sample`` for the company that comes with coroi. In a run by `coroi run` the
        tables are prepared already and are read from there.

    Raises
    ------
    PlanError, DataError
        If the plan or the data cannot be used.
    """
    ready = os.environ.get(PREPARED)
    if ready:
        return _read(Path(ready))
    path = sample_folder() / "plan.yaml" if plan == "sample" else Path(plan)
    loaded = read_plan(path, known_studies={name: notebook_of(name) for name in STUDIES})
    prepared = _prepare(loaded)
    raise_together(prepared.problems, DataError)
    return Inputs(
        plan=loaded.plan,
        connection=prepared.connection,
        tables=prepared.tables,
        panel=prepared.panel,
        ledger=prepared.ledger,
        flags=prepared.flags,
        output=None,
    )


def metric_label(plan: Plan, metric: str) -> str:
    """Name a metric on a page: the plan's label, or its name, an abbreviation in capitals."""
    return plan.metrics[metric].label or (metric.upper() if len(metric) <= 4 else metric.replace("_", " "))


def available(tables: dict[str, Any], connection: Any) -> set[str]:
    """Return the columns that hold at least one value, as ``table.column``."""
    found = set()
    for name, table in tables.items():
        filled = connection.to_pandas(table.agg(**{c: table[c].count() for c in table.columns})).iloc[0]
        found |= {f"{name}.{column}" for column, n in filled.items() if n}
    return found


def holdings(tables: dict[str, Any], connection: Any) -> tuple[set[str], set[str], set[str]]:
    """Return the tables, metrics and filled columns that the data hold, as :func:`missing_for` takes them."""
    return set(tables), _metrics(tables, connection), available(tables, connection)


def study_availability(prepared: Prepared) -> dict[str, str]:
    """Say, for every study that comes with coroi, what the data lack for it; empty where it can run."""
    held = holdings(prepared.tables, prepared.connection)
    return {name: missing_for(s.need, *held) for name, s in STUDIES.items()}


def choose_metric(inputs: Inputs, metric: str) -> str:
    """Return the metric asked for, or the first of the plan that the data hold.

    Raises
    ------
    StudyError
        If the plan has no such metric, or none at all.
    """
    from coroi.errors import did_you_mean

    if metric:
        if metric not in inputs.plan.metrics:
            raise StudyError(f"The plan has no metric '{metric}'. {did_you_mean(metric, inputs.plan.metrics)}")
        return metric
    held = _metrics(inputs.tables, inputs.connection)
    chosen = next((m for m in inputs.plan.metrics if m in held), next(iter(inputs.plan.metrics), ""))
    if not chosen:
        raise StudyError("The plan names no metric. Add one under `metrics`, and its column under `scores`.")
    return chosen


def _prepare(loaded: LoadedPlan, progress: Callable[[str], None] | None = None) -> Prepared:
    connection = storage.connect(loaded.engine)
    try:
        prepared = prepare_company(
            connection,
            loaded.plan.tables,
            loaded.plan.exit_flags,
            options_of(loaded.plan),
            base=loaded.base,
            progress=progress or (lambda _: None),
        )
        return replace(prepared, problems=(*prepared.problems, *margin_problems(loaded, prepared)))
    except BaseException:
        connection.disconnect()
        raise


def _metrics(tables: dict[str, Any], connection: Any) -> set[str]:
    from coroi.schemas import SNAPSHOT

    found: set[str] = set()
    if "responses" in tables:
        column = tables["responses"].select("metric").distinct()
        found |= set(connection.to_pandas(column)["metric"].dropna())
    if "snapshot" in tables:
        found |= set(tables["snapshot"].columns) - set(SNAPSHOT.names)
    return found


def _write(prepared: Prepared, loaded: LoadedPlan, folder: Path) -> None:
    plan = loaded.plan
    storage.write_parquet_tables(prepared.connection, prepared.tables, folder / "tables")
    words: dict[str, Any] = {"plan": plan.model_dump(mode="json", by_alias=True), "panel": None}
    # a kernel may be killed, so what it spills lies where the run removes it
    words["engine"] = loaded.engine.local.model_copy(update={"spill_folder": str(folder / "spilled")}).model_dump()
    panel = prepared.panel
    if panel is not None:
        storage.write_parquet_tables(prepared.connection, {"panel": panel.data}, folder / "panel")
        kept = ("metrics", "frequency", "currency", "relationship", *_PANEL_DATES)
        words["panel"] = {k: getattr(panel, k) for k in kept}
    storage.write_frames({"ledger": prepared.ledger, "flags": prepared.flags}, folder / "frames")
    (folder / _WORDS).write_text(json.dumps(words, default=str), encoding="utf-8")


def _read(folder: Path) -> Inputs:
    words = json.loads((folder / _WORDS).read_text(encoding="utf-8"))
    connection = storage.connect(Engine.model_validate(words["engine"]))
    panel = None
    if words["panel"] is not None:
        said = words["panel"] | {k: date.fromisoformat(words["panel"][k]) for k in _PANEL_DATES}
        said["metrics"] = tuple(said["metrics"])
        panel = Panel(data=storage.read_parquet_tables(connection, folder / "panel")["panel"], **said)
    output, reports = (Path(v) if (v := os.environ.get(name)) else None for name in (OUTPUT, REPORTS))
    frames = storage.read_frames(folder / "frames")
    return Inputs(
        plan=Plan.model_validate(words["plan"]),
        connection=connection,
        tables=storage.read_parquet_tables(connection, folder / "tables"),
        panel=panel,
        ledger=frames["ledger"],
        flags=frames["flags"],
        output=output,
        reports=reports,
    )
