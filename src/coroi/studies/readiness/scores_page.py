"""The words and the tables of what those who answered say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from coroi import report
from coroi.metrics.harmonise import ASSUMPTION
from coroi.report.privacy import WITHHELD, fewer_than
from coroi.report.words import interval, join_words, number, percent, percent_interval, plural, points
from coroi.studies.inputs import Inputs
from coroi.studies.labels import group_labels
from coroi.studies.readiness.measures import HELD, ON_ONE_RANGE
from coroi.studies.readiness.readings import ALIKE, RAKED, WEIGHTED, Score, Scores

MOST_LEVELS = 12  # of a margin that are named
_WAYS = {ALIKE: "Every answer alike", WEIGHTED: "By survey weight", RAKED: "Raked to known shares"}
_COLUMNS = {"segment": "segment", "unit_id": "unit"}
_DIGITS = {"points": 0, "mean": 2}


def score_table(scores: Scores) -> report.Block:
    """Show each metric's figures, read in every way that the data allow."""
    if not scores.scores:
        return report.prose("There is no score: no metric has an answer.")
    frame = pd.DataFrame([_row(score, scores.ways) for score in scores.scores])
    return report.table(frame, caption="What those who answered say; intervals in brackets", name="scores")


def measure_table(scores: Scores) -> report.Block:
    """Show what else the answers tell; nothing that the plan does not allow."""
    if not scores.measures:
        return report.prose(
            f"Nothing more can be told of the answers: trust over several metrics (`kind: trust`), {HELD} answers or "
            f"touchpoints of one customer, or recommendations (`referrals`) beside a metric that asks for them."
        )
    ways = tuple(way for way in scores.ways if way != RAKED)
    frame = pd.DataFrame([_row(score, ways) for score in scores.measures])
    return report.table(frame, caption="What else their answers tell; intervals in brackets", name="measures")


def score_checks(scores: Scores) -> report.Block:
    """Show what weights cost, or that no score is weighted."""
    return report.checks(scores.checks) if scores.checks else report.prose("No score is weighted.")


def score_method(scores: Scores, inputs: Inputs) -> report.Block:
    """Say how the scores are made, and what each way of reading them takes for granted."""
    return report.prose(*_method(scores, inputs))


def shown_reading(row: Mapping[str, Any], unit: str) -> str:
    """Write an estimate with its interval in brackets, or why there is none.

    Parameters
    ----------
    row : mapping
        ``estimate, conf_low, conf_high, identified, reason``.
    unit : str
        ``points``, ``share``, ``gap`` or ``mean``.
    """
    if not row["identified"]:
        why = str(row["reason"])
        return why if why.startswith(WITHHELD) else f"not estimable: {why}"
    middle, low, high = (float(row[column]) for column in ("estimate", "conf_low", "conf_high"))
    if unit == "share":
        return f"{percent(middle, 1)} ({percent_interval(low, high, decimals=1)})"
    if unit == "gap":
        return f"{points(middle)} ({interval(100 * low, 100 * high, decimals=1)})"
    return f"{number(middle, _DIGITS[unit])} ({interval(low, high, decimals=_DIGITS[unit])})"


def _row(score: Score, ways: tuple[str, ...]) -> dict[str, str]:
    read = {_WAYS[way]: shown_reading(score.readings[way], score.unit) for way in ways}
    name = f"{score.label[:1].upper()}{score.label[1:]}"
    return {"Score": f"{name}: {score.said}"} | read


def _method(scores: Scores, inputs: Inputs) -> Iterator[str]:
    yield (
        "Scores: all answers in the data, with intervals clustered by customer. They speak for those who answered; "
        "what everybody would have said is the question of the table before, in which neither survey weights nor known "
        "shares are used, since who did not answer has no weight."
    )
    if WEIGHTED in scores.ways:
        yield (
            "By survey weight: every answer counts by its `weight`, taken as given by whoever drew the sample or "
            "corrected it." + (" Answers without a weight do not count there." if scores.lacking else "")
        )
    if RAKED in scores.ways:
        yield _raking_words(scores, inputs)
    yield from _measure_words(scores)


def _raking_words(scores: Scores, inputs: Inputs) -> str:
    columns = join_words([_COLUMNS[column] for column in inputs.plan.margins])
    start = "survey weights" if WEIGHTED in scores.ways else "equal weights"
    shares = "; ".join(_shares(inputs, column) for column in inputs.plan.margins)
    return (
        f"Raked: {start} are moved as little as need be until the answers have the shares of everybody that the plan "
        f"gives ({shares}). The score then speaks for everybody if, within each {columns}, those who answered think "
        "like those who did not; nothing in the data can test that, and the shares are taken to be exact. Customers "
        f"whose {columns} is not known are left out. The intervals hold what raking does to chance."
    )


def _shares(inputs: Inputs, column: str) -> str:
    """Write a margin's shares; levels of few customers are not named."""
    names = group_labels(inputs.connection, inputs.tables, column, inputs.plan.privacy.smallest_cell)
    shares = inputs.plan.margins[column]
    digits = 0 if all(abs(100 * s - round(100 * s)) < 1e-9 for s in shares.values()) else 1
    small = f"a level of {fewer_than(inputs.plan.privacy.smallest_cell)} customers"
    told = [f"{names.get(level) or small} {percent(share, digits)}" for level, share in shares.items()]
    rest = [f"{plural(len(told) - MOST_LEVELS, 'other')}"] if len(told) > MOST_LEVELS else []
    return f"{_COLUMNS[column]}: {', '.join(told[:MOST_LEVELS] + rest)}"


def _measure_words(scores: Scores) -> Iterator[str]:
    terms = {score.term for score in scores.measures}
    if "index" in terms:
        yield "Trust counts every item alike; its error holds that one customer's items vary together."
    if any(ON_ONE_RANGE in score.said for score in scores.measures):
        yield f"Metrics of one kind on different scales are put on one range. {ASSUMPTION}"
    if {"within_sd", "touchpoint_gap"} & terms:
        yield (
            f"Consistency is told by {HELD} answers, or {HELD} touchpoints, of each customer: held at a number, since "
            "more of them differ more by chance alone. Answers of one day count by their mean. It is taken that "
            "customers who answer so often speak for the rest. Metrics that fewer than 10 customers answered so often "
            "are left out."
        )
    if "gap" in terms:
        yield (
            "What was said is the first answer that could be followed for the whole time, what was done a "
            "recommendation in the data within it. The gap is no share of broken words: it is 0 where as many who "
            "promised nothing recommended as those who promised did not. A recommendation that is not in the data "
            "counts as none."
        )
