"""What those who answered say: every answer alike, each by its survey weight, and raked to known shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from coroi.inference.estimates import unknown
from coroi.inference.overlap import weight_checks
from coroi.metrics.csat import csat_parts, satisfied_answers, score_csat
from coroi.metrics.effort import DIRECTION, effort_parts, score_effort
from coroi.metrics.nps import asks_to_recommend, nps_parts, score_nps
from coroi.metrics.raked import RAKED as RAKED_WEIGHT
from coroi.metrics.raked import rake_answers
from coroi.metrics.top_box import score_top_box, top_box_parts
from coroi.metrics.totals import Part, sum_by_customer
from coroi.metrics.trust import score_trust, trust_parts
from coroi.metrics.weights import spread_of_weights
from coroi.results import Check, Result
from coroi.sources import Metric
from coroi.studies.inputs import Inputs, metric_label
from coroi.studies.margins import with_levels
from coroi.studies.readiness.measures import measure_answers
from coroi.studies.readiness.readings import (
    ALIKE,
    RAKED,
    WEIGHTED,
    Figure,
    Score,
    Scores,
    answers_of,
    hidden,
    reading_of,
    table_of,
)


def score_answers(inputs: Inputs, *, level: float = 0.95) -> Scores:
    """Score every metric that somebody answered.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    level : float
        Level of the intervals.

    Returns
    -------
    Scores
        A figure that few customers are behind is withheld.
    """
    weighted, lacking = _weights(inputs)
    ways = (ALIKE, *((WEIGHTED,) if weighted else ()), *((RAKED,) if inputs.plan.margins else ()))
    found = [score for metric in inputs.plan.metrics for score in _scores(inputs, metric, ways, level)]
    measures = measure_answers(inputs, tuple(way for way in ways if way != RAKED), level=level)
    return Scores(scores=tuple(found), ways=ways, measures=measures, lacking=lacking)


def with_scores(result: Result, scores: Scores) -> Result:
    """Add the scores to a result, so that they are kept with it."""
    tables = dict(result.tables) | {"scores": table_of(scores)}
    return replace(result, tables=tables, checks=(*result.checks, *scores.checks))


def _weights(inputs: Inputs) -> tuple[bool, bool]:
    """Tell whether answers have survey weights, and whether some lack theirs."""
    if "responses" not in inputs.tables:
        return False, False
    weight = inputs.tables["responses"]["weight"]
    seen = inputs.connection.to_pandas(
        inputs.tables["responses"].agg(n=weight.count(), lacking=weight.isnull().cast("int64").sum())
    ).iloc[0]
    return bool(seen["n"]), bool(seen["n"] and seen["lacking"])


def figures_of(metric: Metric) -> tuple[Figure, ...]:
    """Return the figures by which a metric is told: what its kind asks for, else the share of the best answer."""
    if asks_to_recommend(metric):
        said = "net promoter score, −100 to 100"
        return (Figure("nps", said, nps_parts(), lambda t, at: score_nps(t, metric=metric, level=at), "points"),)
    if metric.kind == "effort":
        parts, (low, high) = effort_parts(metric), metric.scale
        return (
            Figure(
                "mean",
                f"mean, {low:g} to {high:g}; {DIRECTION[metric.higher_is]}",
                parts,
                lambda t, at: score_effort(t, metric=metric, level=at),
                "mean",
            ),
            Figure(
                "easy",
                "share on the easy side of the scale's middle",
                parts,
                lambda t, at: score_effort(t, metric=metric, level=at),
            ),
        )
    if metric.kind == "trust":
        said = f"mean, {metric.scale[0]:g} to {metric.scale[1]:g}"
        return (Figure("item", said, trust_parts(), lambda t, at: score_trust(t, metric=metric, level=at), "mean"),)
    satisfied = satisfied_answers(metric) if metric.kind == "satisfaction" else ()
    if satisfied:
        said = f"share satisfied, {satisfied[0]:g} to {satisfied[-1]:g}"
        parts = csat_parts(metric)
        return (Figure("satisfied", said, parts, lambda t, at: score_csat(t, metric=metric, level=at)),)
    best = metric.scale[1] if metric.higher_is == "better" else metric.scale[0]
    said = f"share of the best answer, {best:g}"
    return (Figure("top_box", said, top_box_parts(metric), lambda t, at: score_top_box(t, metric=metric, level=at)),)


def _scores(inputs: Inputs, name: str, ways: tuple[str, ...], level: float) -> list[Score]:
    metric, answers = inputs.plan.metrics[name], answers_of(inputs, name)
    if answers is None or not inputs.connection.execute(answers.count()):
        return []
    first, *others = figures_of(metric)
    return [
        _score(inputs, name, answers, first, ways, level, checked=True),
        *(_score(inputs, name, answers, figure, ways, level, checked=False) for figure in others),
    ]


def _score(
    inputs: Inputs, name: str, answers: Any, figure: Figure, ways: tuple[str, ...], level: float, *, checked: bool
) -> Score:
    label = metric_label(inputs.plan, name)
    readings: dict[str, dict] = {}
    checks: list[Check] = []
    for way in ways:
        counted = _counted(inputs, answers, figure, way, base="weight" if WEIGHTED in ways else None)
        readings[way] = _reading(inputs, counted, figure, level)
        if checked and way != ALIKE and not counted.reason:
            checks += _checks(inputs, counted, name, label, way)
    return Score(
        metric=name,
        label=label,
        term=figure.term,
        said=figure.said,
        unit=figure.unit,
        readings=readings,
        checks=tuple(checks),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Counted:
    """Answers, what is averaged of them, and the column by which they count; or why they cannot be read so."""

    table: Any
    parts: Mapping[str, Part]
    weight: str | None = None
    reason: str = ""


def _counted(inputs: Inputs, answers: Any, figure: Figure, way: str, *, base: str | None) -> _Counted:
    """Return the answers as they count in a way, or why they may not be shown or cannot be read so."""
    if way == ALIKE:
        return _Counted(table=answers, parts=figure.parts, reason=hidden(inputs, answers, figure))
    weighed = answers if base is None else answers.filter(answers[base].notnull())
    if way == WEIGHTED:
        return _Counted(table=weighed, parts=figure.parts, weight=base, reason=hidden(inputs, weighed, figure))
    margins = inputs.plan.margins
    levels = with_levels(inputs.tables, weighed, list(margins))
    known = levels.filter(*(levels[column].isin(list(shares)) for column, shares in margins.items()))
    why = hidden(inputs, known, figure)
    if why:
        return _Counted(table=known, parts=figure.parts, reason=why)
    raked = rake_answers(inputs.connection, known, figure.parts, margins, weight=base)
    return _Counted(table=raked.table, parts=raked.parts, weight=RAKED_WEIGHT, reason=raked.reason)


def _reading(inputs: Inputs, counted: _Counted, figure: Figure, level: float) -> dict:
    if counted.reason:
        return unknown(counted.reason)
    totals = sum_by_customer(inputs.connection, counted.table, counted.parts, weight=counted.weight)
    return reading_of(figure.score(totals, level), figure.term)


def _checks(inputs: Inputs, counted: _Counted, name: str, label: str, way: str) -> list[Check]:
    spread = spread_of_weights(inputs.connection, counted.table, str(counted.weight))
    if spread is None:
        return []
    found = weight_checks(spread.effective_share, spread.largest_share)
    how = "by survey weight" if way == WEIGHTED else "raked"
    return [replace(c, name=f"{name}_{way}_{c.name}", tested=f"{label}, {how}: {c.tested}") for c in found]
