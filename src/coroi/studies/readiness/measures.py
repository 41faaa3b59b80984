"""What else the answers tell where the plan allows: trust over its items, consistency, and what was said and done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import ibis

from coroi.inference.estimates import unknown
from coroi.inference.totals import Totals
from coroi.metrics.consistency import score_consistency, total_touchpoints, total_variability
from coroi.metrics.harmonise import answer_parts, score_harmonised
from coroi.metrics.nps import asks_to_recommend
from coroi.metrics.say_do_gap import say_do_parts, score_say_do_gap
from coroi.metrics.totals import sum_by_customer
from coroi.metrics.trust import score_trust, trust_parts
from coroi.report.words import plural
from coroi.results import Result
from coroi.sources import Metric
from coroi.studies.inputs import Inputs, metric_label
from coroi.studies.readiness.readings import ALIKE, WEIGHTED, Score, answers_of, reading_of, too_few
from coroi.studies.readiness.said_and_done import said_and_done

HELD = 3  # answers, and touchpoints, at which consistency is held
ON_ONE_RANGE = "on a common range"
Rows = Mapping[tuple[str, str], tuple[str, str]]  # (term, group) to what it is and its unit
Read = Callable[[str | None], tuple[Result, list[float]]]


def measure_answers(inputs: Inputs, ways: tuple[str, ...], *, level: float) -> tuple[Score, ...]:
    """Measure what a single metric's score does not tell.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    ways : tuple of str
        ``alike``, and ``weighted`` where answers have survey weights.
    level : float
        Level of the intervals.

    Returns
    -------
    tuple of Score
        Trust over several metrics of that kind on one scale; metrics of one kind on different scales, on one range;
        consistency of the metrics that customers answered often enough; what was said and done, where there are
        recommendations beside a metric that asks to recommend.
    """
    return (
        *_trust(inputs, ways, level),
        *_on_one_range(inputs, ways, level),
        *_consistency(inputs, ways, level),
        *_said_and_done(inputs, ways, level),
    )


def _of_kind(inputs: Inputs, kind: str) -> dict[str, Metric]:
    """Return the metrics of a kind that somebody answered."""
    named = {name: m for name, m in inputs.plan.metrics.items() if m.kind == kind}
    found = {name: answers_of(inputs, name) for name in named}
    return {n: named[n] for n, a in found.items() if a is not None and inputs.connection.execute(a.count())}


def _one_scale(metrics: Mapping[str, Metric]) -> bool:
    return len({(m.scale, m.higher_is) for m in metrics.values()}) == 1


def _by_item(inputs: Inputs, metrics: Mapping[str, Metric], weight: str | None) -> Any:
    parts = [_weighed(answers_of(inputs, name), weight).mutate(item=ibis.literal(name)) for name in metrics]
    return ibis.union(*parts)


def _trust(inputs: Inputs, ways: tuple[str, ...], level: float) -> Iterator[Score]:
    items = _of_kind(inputs, "trust")
    if len(items) < 2 or not _one_scale(items):
        return
    metric = next(iter(items.values()))

    def read(weight: str | None) -> tuple[Result, list[float]]:
        answers = _by_item(inputs, items, weight)
        totals = sum_by_customer(inputs.connection, answers, trust_parts(), by="item", weight=weight)
        return score_trust(totals, metric=metric, level=level), list(totals.n_clusters)

    said = f"mean of {len(items)} items that count alike, {metric.scale[0]:g} to {metric.scale[1]:g}"
    yield from _told(inputs, ways, "trust", "trust", {("index", ""): (said, "mean")}, read)


def _on_one_range(inputs: Inputs, ways: tuple[str, ...], level: float) -> Iterator[Score]:
    for kind in ("satisfaction", "effort", "trust"):
        metrics = _of_kind(inputs, kind)
        if len(metrics) < 2 or _one_scale(metrics):
            continue
        for name in metrics:
            read = _harmonised(inputs, metrics, kind, name, level)
            rows = {("mean", name): (f"{kind} {ON_ONE_RANGE}, mean, 0 to 100, higher is better", "mean")}
            yield from _told(inputs, ways, name, metric_label(inputs.plan, name), rows, read)


def _harmonised(inputs: Inputs, metrics: Mapping[str, Metric], kind: str, name: str, level: float) -> Read:
    def read(weight: str | None) -> tuple[Result, list[float]]:
        answers = _by_item(inputs, metrics, weight)
        totals = sum_by_customer(inputs.connection, answers, answer_parts(), by="item", weight=weight)
        found = score_harmonised(totals, metrics=metrics, constructs=dict.fromkeys(metrics, kind), level=level)
        return found, [totals.n_clusters[totals.groups.index(name)]] if name in totals.groups else []

    return read


def _consistency(inputs: Inputs, ways: tuple[str, ...], level: float) -> Iterator[Score]:
    """Yield what is identified: where few customers answered so often, there is nothing to tell."""
    if "responses" not in inputs.tables:
        return
    spread = f"spread of one customer's last {HELD} answers, each of its own day, standard deviation"
    weakest = f"mean of {HELD} touchpoints less the weakest of them"
    for name in inputs.plan.metrics:
        label = metric_label(inputs.plan, name)
        for term, said, total in (
            ("within_sd", spread, total_variability),
            ("touchpoint_gap", weakest, total_touchpoints),
        ):
            read = _held(inputs, name, total, level)
            found = list(_told(inputs, ways, name, label, {(term, ""): (said, "mean")}, read))
            yield from (score for score in found if score.readings[ALIKE]["identified"])


def _held(inputs: Inputs, name: str, total: Callable[..., Totals], level: float) -> Read:
    def read(weight: str | None) -> tuple[Result, list[float]]:
        answers = _weighed(inputs.tables["responses"], weight)
        mine = answers.filter(answers["metric"] == name, answers["score"].notnull())
        totals = total(inputs.connection, _daily(mine) if total is total_variability else mine, weight=weight)
        places = (totals, None) if total is total_variability else (None, totals)
        return score_consistency(*places, n_answers=HELD, n_touchpoints=HELD, level=level), list(totals.n_clusters)

    return read


def _daily(answers: Any) -> Any:
    """Return one answer a customer and day, the mean: what is asked of several things at once is no change of mind."""
    each = answers.group_by("customer_id", "answered_at")
    return each.agg(score=lambda t: t["score"].mean(), weight=lambda t: t["weight"].mean())


def _said_and_done(inputs: Inputs, ways: tuple[str, ...], level: float) -> Iterator[Score]:
    after = plural(inputs.plan.horizon, inputs.plan.period)
    rows = {
        ("said", ""): ("share of customers who answered 9 or 10", "share"),
        ("did", ""): (f"share of the same customers who recommended within {after}", "share"),
        ("gap", ""): ("the one share less the other", "gap"),
    }
    for name, metric in inputs.plan.metrics.items():
        people = said_and_done(inputs, name) if asks_to_recommend(metric) else None
        if people is None:
            continue
        yield from _told(inputs, ways, name, metric_label(inputs.plan, name), rows, _shares(inputs, people, level))


def _shares(inputs: Inputs, people: Any, level: float) -> Read:
    def read(weight: str | None) -> tuple[Result, list[float]]:
        weighed = _weighed(people, weight)
        plain = sum_by_customer(inputs.connection, weighed, say_do_parts())
        totals = sum_by_customer(inputs.connection, weighed, say_do_parts(), weight=weight)
        if not totals.groups:
            return score_say_do_gap(totals, level=level), []
        n, said, did = plain.sums[0, :3]
        return score_say_do_gap(totals, level=level), [n, said, n - said, did, n - did]

    return read


def _weighed(answers: Any, weight: str | None) -> Any:
    """Leave out answers that have no weight where one is asked for."""
    return answers if weight is None else answers.filter(answers[weight].notnull())


def _told(inputs: Inputs, ways: tuple[str, ...], metric: str, label: str, rows: Rows, read: Read) -> Iterator[Score]:
    """Read rows of a result in every way; those that few customers are behind are withheld."""
    readings: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {row: {} for row in rows}
    for way in ways:
        result, counts = read("weight" if way == WEIGHTED else None)
        why = too_few(counts, inputs.plan.privacy.smallest_cell) or ("" if len(result.estimates) else "nobody answered")
        for term, group in rows:
            keys = {"group": group} if "group" in result.estimates else {}
            readings[term, group][way] = unknown(why) if why else reading_of(result, term, **keys)
    for (term, group), (said, unit) in rows.items():
        yield Score(metric=metric, label=label, term=term, said=said, unit=unit, readings=readings[term, group])
