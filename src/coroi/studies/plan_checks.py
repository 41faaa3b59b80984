"""What a well-formed plan may still get wrong: names, files, columns, dates, scales and studies' parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from coroi.errors import PlanError, Problem, did_you_mean
from coroi.inference.raking import SUM_TOLERANCE
from coroi.schemas import PANEL_COLUMNS, TABLES, metric_columns
from coroi.sources import ENGINE_SETTINGS, Engine, Metric, Source
from coroi.studies.parameters import faults_in, read_parameters
from coroi.studies.plan_sources import Headers, SourceCheck
from coroi.studies.yaml_lines import Document, Finding, Loc, shown

Part = TypeVar("Part", bound=BaseModel)

MARGIN_COLUMNS = ("segment", "unit_id")  # of customers
_NEEDED_TABLE = {"contract": "subscriptions", "repeat_purchase": "transactions", "snapshot": "snapshot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a plan that are well formed; a malformed one is left out and keeps only its name."""

    raw: Mapping[str, Any]
    tables: Mapping[str, Source]
    exit_flags: Mapping[str, Source]
    metrics: Mapping[str, Metric]
    studies: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, document: Document) -> Parts:
        """Take what is well formed out of a document."""
        raw = document.data
        studies = {k: v or {} for k, v in _mapping(raw, "studies").items() if v is None or isinstance(v, Mapping)}
        return cls(
            raw=raw,
            tables=_valid(_mapping(raw, "tables"), Source),
            exit_flags=_valid(_mapping(raw, "exit_flags"), Source),
            metrics=_valid(_mapping(raw, "metrics"), Metric),
            studies=studies,
        )

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of all metrics, malformed ones too."""
        return tuple(_mapping(self.raw, "metrics"))


def check_parts(
    parts: Parts, *, base: Path, folder: Path, known_studies: Mapping[str, Path]
) -> tuple[list[Finding], list[Problem]]:
    """Check names, files, columns, dates, scales and parameters.

    Parameters
    ----------
    parts : Parts
        What is well formed.
    base, folder : Path
        Folder of the data, and of the plan.
    known_studies : Mapping of str to Path
        Notebook of each study.

    Returns
    -------
    findings : list of Finding
        What is wrong in the plan.
    problems : list of Problem
        What is wrong in a notebook that it names.
    """
    findings = [*_tables(parts, base), *_metrics(parts), *_margins(parts.raw), *_dates(parts.raw)]
    findings += [*_relationship(parts), *_engine(parts.raw)]
    problems: list[Problem] = []
    for study, values in parts.studies.items():
        found, broken = _study(study, values, parts.metric_names, folder, known_studies)
        findings += found
        problems += broken
    return findings, problems


def _tables(parts: Parts, base: Path) -> Iterator[Finding]:
    for name in _mapping(parts.raw, "tables"):
        if name not in TABLES:
            yield Finding(("tables", name), "there is no table of this name.", did_you_mean(name, TABLES))
    headers = Headers(base)
    for group, sources in (("tables", parts.tables), ("exit_flags", parts.exit_flags)):
        for name, source in sources.items():
            if group == "exit_flags" or name in TABLES:
                check = SourceCheck(loc=(group, name), source=source, metrics=parts.metric_names, headers=headers)
                yield from check.findings()


def _metrics(parts: Parts) -> Iterator[Finding]:
    holders = [table for table in TABLES.values() if table.takes_scores]
    taken = {*PANEL_COLUMNS, *(c for table in holders for c in table.names)}
    for name, metric in parts.metrics.items():
        loc: Loc = ("metrics", name)
        others = {c for other in parts.metric_names if other != name for c in metric_columns(other)[1:]}
        if name in taken | others:
            yield Finding(loc, "a column has this name already.", f"Call it '{name}_score', say.")
        yield from _bands(loc, metric)


def _bands(loc: Loc, metric: Metric) -> Iterator[Finding]:
    low, high = metric.scale
    edges = metric.bands
    if any(not a < b for a, b in pairwise(edges)):
        yield Finding((*loc, "bands"), f"the edges {shown(edges)} do not rise.", "Write each edge once, rising.")
    for i, edge in enumerate(edges):
        if not low <= edge < high:
            fix = f"An edge is at least {low:g} and below {high:g}: the last band reaches the scale's end by itself."
            yield Finding((*loc, "bands", i), f"{edge:g} is no upper edge on the scale {shown(metric.scale)}.", fix)


def _margins(raw: Mapping[str, Any]) -> Iterator[Finding]:
    for column, shares in _mapping(raw, "margins").items():
        if column not in MARGIN_COLUMNS:
            hint = did_you_mean(column, MARGIN_COLUMNS)
            yield Finding(("margins", column), "answers cannot be raked by this column.", hint)
        given = list(shares.values()) if isinstance(shares, Mapping) else []
        if not given or not all(type(share) in (int, float) and 0 <= share <= 1 for share in given):
            continue  # said elsewhere
        if abs(sum(given) - 1) > SUM_TOLERANCE:
            fix = "Give the share of every level, and divide each by their sum if they were rounded."
            yield Finding(("margins", column), f"the shares sum to {sum(given):g}, not to 1.", fix)


def _dates(raw: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        start, end = (date.fromisoformat(raw[k]) for k in ("observed_from", "observed_until"))
    except (KeyError, ValueError, TypeError):
        return  # open, or no dates: said elsewhere
    if end < start:
        what = f'"{end}" is before observed_from, "{start}".'
        yield Finding(("observed_until",), what, "Exchange the two, or correct one.")


def _relationship(parts: Parts) -> Iterator[Finding]:
    asked = parts.raw.get("relationship")
    needed = _NEEDED_TABLE.get(asked) if isinstance(asked, str) else None
    if needed and needed not in _mapping(parts.raw, "tables"):
        fix = "Add it to `tables`, or leave `relationship` out to have it told from the tables."
        yield Finding(("relationship",), f'"{asked}" needs the table `{needed}`, which the plan does not name.', fix)


def _engine(raw: Mapping[str, Any]) -> Iterator[Finding]:
    given = raw.get("engine")
    chosen = given if isinstance(given, str) else _mapping(raw, "engine").get("name", Engine().name)
    settings = ENGINE_SETTINGS.get(chosen) if isinstance(chosen, str) else None
    if settings is None:
        return  # said elsewhere
    every = {setting for those in ENGINE_SETTINGS.values() for setting in those}
    for setting in _mapping(raw, "engine"):
        if setting in every and setting not in settings:
            yield Finding(("engine", setting), f"{chosen} has no such setting.", did_you_mean(setting, settings))
    if "connection" in settings and not _mapping(raw, "engine").get("connection"):
        fix = "Name the environment variable that holds the address: {name: ibis, connection: COROI_CONNECTION}."
        yield Finding(("engine",), f"{chosen} needs a `connection`.", fix)


def _study(
    study: str, values: Mapping[str, Any], metrics: tuple[str, ...], folder: Path, known: Mapping[str, Path]
) -> tuple[list[Finding], list[Problem]]:
    loc: Loc = ("studies", study)
    notebook, wrong = _notebook(loc, study, values, folder, known)
    if notebook is None:
        return wrong, []
    try:
        parameters = read_parameters(notebook)
    except PlanError as error:
        return [], list(error.problems)
    given = {k: v for k, v in values.items() if k != "notebook" and not isinstance(v, (list, Mapping))}
    _, faults = faults_in(parameters, given, metrics=metrics)
    return [Finding((*loc, f.name), f.what, f.fix) for f in faults], []


def _notebook(
    loc: Loc, study: str, values: Mapping[str, Any], folder: Path, known: Mapping[str, Path]
) -> tuple[Path | None, list[Finding]]:
    named = values.get("notebook")
    if "notebook" not in values:
        if study in known:
            return known[study], []
        fix = f"{did_you_mean(study, known)} For a notebook of your own, give its path as `notebook`."
        return None, [Finding(loc, "there is no study of this name.", fix)]
    if study in known:
        return None, [Finding(loc, "coroi has a study of this name.", "Give the notebook's study another name.")]
    if not isinstance(named, str) or not named.endswith(".ipynb"):
        what = f"{shown(named)} is not the path of a notebook."
        return None, [Finding((*loc, "notebook"), what, "Give a file that ends in .ipynb, relative to the plan.")]
    path = folder / named
    if not _is_file(path):
        beside = [p.name for p in path.parent.glob("*.ipynb")] if path.parent.is_dir() else []
        fix = did_you_mean(path.name, beside) if beside else "The path starts from the plan's folder."
        return None, [Finding((*loc, "notebook"), f"{shown(named)}: there is no such file.", fix)]
    return path, []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder without rights
        return False


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _valid(raw: Mapping[str, Any], model: type[Part]) -> dict[str, Part]:
    valid = {}
    for name, value in raw.items():
        try:
            valid[name] = model.model_validate(value)
        except ValidationError:
            continue
    return valid
