"""Scores of several scales on one common range, with the assumption that this takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from coroi.errors import did_you_mean
from coroi.inference.estimates import unknown
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import mean_row
from coroi.metrics.totals import Part
from coroi.results import Result
from coroi.sources import Metric

ASSUMPTION = (
    "A step is taken to be worth as much everywhere on a scale, and the ends of all scales to mean the same: an answer "
    "keeps its place between the ends. Scales with more steps, or other words at their ends, draw other answers from "
    "the same people, which no arithmetic on the answers can tell."
)


def harmonised(score: Any, metric: Metric, to: tuple[float, float] = (0, 100)) -> Any:
    """Move scores to a common range by their place between the ends, a higher one always better.

    Parameters
    ----------
    score : number, array or ibis column
        On the metric's scale.
    metric : Metric
        Its scale, and which end is good.
    to : (float, float)
        Ends of the common range.
    """
    low, high = metric.scale
    place = (score - low) / (high - low) if metric.higher_is == "better" else (high - score) / (high - low)
    return to[0] + place * (to[1] - to[0])


def answer_parts() -> dict[str, Part]:
    """Return what :func:`score_harmonised` averages: the answer on its own scale."""
    return {"mean": lambda table: table["score"]}


def score_harmonised(
    totals: Totals,
    *,
    metrics: Mapping[str, Metric],
    constructs: Mapping[str, str],
    to: tuple[float, float] = (0, 100),
    level: float = 0.95,
) -> Result:
    """Score groups of answers that were asked on different scales as means on one range.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`answer_parts`, by the source of the answers.
    metrics : mapping of str to Metric
        Scale of each source.
    constructs : mapping of str to str
        What each source asks about, in a word: only sources that ask about the same thing are put on one range.
    to : (float, float)
        Ends of the common range.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        ``mean`` by ``group`` in points of the common range; ``spec["assumption"]`` says what it rests on. Not
        identified where a source's scale is not known, where sources ask about different things, with fewer than 10
        customers, or where every answer is the same.

    Notes
    -----
    The map is linear. Mapping by ranks (equipercentile) is not offered: it takes both groups to think alike, and so
    wipes out the very change that scales are mostly harmonised to see. Where some customers answered on both scales,
    compare their answers first. Assumption: see ``ASSUMPTION`` (untestable from the answers). Reference: Dawes
    (2008), International Journal of Market Research 50(1):61-77.
    """
    asked = {constructs.get(group, "") for group in totals.groups}
    covariance = mean_covariance(totals)
    rows = []
    for at, group in enumerate(totals.groups):
        why = _hindrance(group, metrics, constructs, asked)
        row = (
            unknown(why)
            if why
            else _moved(mean_row(totals, covariance, at, 0, level, metrics[group].scale), metrics[group], to)
        )
        rows.append({"term": "mean", "group": group} | row)
    return Result(
        method="harmonise",
        estimand=f"mean answer on a common range from {to[0]:g} to {to[1]:g}, higher is better, by source",
        spec={"level": level, "to": list(to), "map": "linear", "assumption": ASSUMPTION},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )


def _moved(row: dict, metric: Metric, to: tuple[float, float]) -> dict:
    if not row["identified"]:
        return row
    ends = sorted(harmonised(row[end], metric, to) for end in ("conf_low", "conf_high"))
    stretch = (to[1] - to[0]) / (metric.scale[1] - metric.scale[0])
    return row | {
        "estimate": harmonised(row["estimate"], metric, to),
        "std_error": row["std_error"] * abs(stretch),
        "conf_low": ends[0],
        "conf_high": ends[1],
    }


def _hindrance(group: str, metrics: Mapping[str, Metric], constructs: Mapping[str, str], asked: set[str]) -> str:
    if group not in metrics:
        return f"the scale of '{group}' is not known. {did_you_mean(group, metrics)}"
    if not constructs.get(group):
        return f"what '{group}' asks about is not said"
    if len(asked) > 1:
        things = ", ".join(sorted(asked - {""}))
        return f"the sources ask about different things ({things}), which no common range makes one"
    return ""
