"""Answers, the figures by which they are told, and what of them may be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from coroi.inference.totals import Totals
from coroi.metrics.totals import Part
from coroi.report.privacy import WITHHELD, fewer_than
from coroi.results import Check, Result
from coroi.studies.inputs import Inputs

ALIKE, WEIGHTED, RAKED = "alike", "weighted", "raked"
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "identified", "reason")


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """The figure by which a metric is told.

    Parameters
    ----------
    term : str
        Its term in the result of `score`.
    said : str
        What it is, in words.
    parts : mapping of str to callable
        What is averaged.
    score : callable
        From totals and a level to a result.
    unit : str
        ``points``, ``share``, ``gap`` (of shares) or ``mean``.
    """

    term: str
    said: str
    parts: Mapping[str, Part]
    score: Callable[[Totals, float], Result]
    unit: str = "share"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """One metric's figure, read in several ways.

    Parameters
    ----------
    metric, label, term, said, unit : str
        The metric, its name on the page, and its figure.
    readings : mapping of str to dict
        By way: estimate, error and interval, or the reason why there is none.
    checks : tuple of Check
        What its weights cost.
    """

    metric: str
    label: str
    term: str
    said: str
    unit: str
    readings: Mapping[str, Mapping[str, Any]]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """All metrics' figures, and the ways in which they are read.

    Parameters
    ----------
    scores : tuple of Score
        Of the metrics that somebody answered.
    measures : tuple of Score
        What else they tell; never raked.
    ways : tuple of str
        ``alike``; ``weighted`` where answers have survey weights; ``raked`` where the plan gives known shares.
    lacking : bool
        Whether some answers have no weight where others have.
    """

    scores: tuple[Score, ...]
    ways: tuple[str, ...]
    measures: tuple[Score, ...] = ()
    lacking: bool = False

    @property
    def checks(self) -> tuple[Check, ...]:
        """What weights cost, by metric."""
        return tuple(check for score in self.scores for check in score.checks)


def reading_of(result: Result, term: str, **keys: str) -> dict[str, Any]:
    """Return the numbers of one row of a result."""
    rows = result.estimates[result.estimates["term"] == term]
    for name, value in keys.items():
        rows = rows[rows[name] == value]
    return dict(rows.iloc[0][list(NUMBERS)])


def table_of(scores: Scores) -> pd.DataFrame:
    """Return every score: metric, term, way, estimate, interval, reason."""
    rows = [
        {"metric": s.metric, "term": s.term, "way": way} | dict(row)
        for s in (*scores.scores, *scores.measures)
        for way, row in s.readings.items()
    ]
    return pd.DataFrame(rows, columns=["metric", "term", "way", *NUMBERS])


def answers_of(inputs: Inputs, metric: str) -> Any | None:
    """Return a metric's answers from both tables that may hold some, or ``None``.

    Returns
    -------
    ibis.Table or None
        ``customer_id, answered_at, touchpoint, score, weight``.
    """
    found: list[Any] = []
    if "responses" in inputs.tables:
        mine = inputs.tables["responses"]
        mine = mine.filter(mine["metric"] == metric, mine["score"].notnull())
        found.append(mine.select("customer_id", "answered_at", "touchpoint", "score", "weight"))
    if "snapshot" in inputs.tables and metric in inputs.tables["snapshot"].columns:
        seen = inputs.tables["snapshot"]
        seen = seen.filter(seen[metric].notnull())
        unsaid = {"touchpoint": ibis.null("string"), "score": seen[metric], "weight": ibis.null("float64")}
        found.append(seen.select("customer_id", "answered_at", **unsaid))
    return ibis.union(*found) if len(found) > 1 else next(iter(found), None)


def too_few(counts: Iterable[float], smallest: int) -> str:
    """Say why a figure may not be shown, if few customers are behind one of its counts; empty if it may."""
    few = any(0 < round(n) < smallest for n in counts)
    return f"{WITHHELD}, since {fewer_than(smallest)} customers are behind it" if few else ""


def hidden(inputs: Inputs, answers: Any, figure: Figure) -> str:
    """Say why a figure may not be shown: few customers answered, or few are on one side of a share; empty if it may."""
    smallest, who = inputs.plan.privacy.smallest_cell, answers["customer_id"]
    sides = {"all": who.nunique()}
    if figure.unit == "share":
        among = figure.parts[figure.term](answers)
        sides |= {"yes": who.nunique(where=among == 1), "no": who.nunique(where=among == 0)}
    counts = inputs.connection.to_pandas(answers.agg(**sides)).iloc[0]
    return too_few(counts, smallest) or ("" if counts["all"] else "nobody answered")
