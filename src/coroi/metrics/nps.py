"""Net promoter score by wave, and whether it changed from wave to wave."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.estimates import known, unknown
from coroi.inference.shares import (
    Limits,
    correlation_of,
    effective_size,
    move_difference,
    p_value_of,
    score_difference,
    width_of,
)
from coroi.inference.totals import Totals, mean_covariance
from coroi.metrics.means import share_row
from coroi.metrics.totals import Part, hindrance_of
from coroi.results import Result
from coroi.sources import Metric

SCALE = (0.0, 10.0)
PROMOTER, DETRACTOR = 9, 6
PROMOTERS, DETRACTORS, BALANCE = 0, 1, 2
ONE_WAVE = "there is but one wave"


def nps_parts() -> dict[str, Part]:
    """Return what :func:`score_nps` averages: promoters, detractors, and the one less the other."""
    return {
        "promoters": lambda t: (t["score"] >= PROMOTER).cast("float64"),
        "detractors": lambda t: (t["score"] <= DETRACTOR).cast("float64"),
        "balance": lambda t: (t["score"] >= PROMOTER).cast("float64") - (t["score"] <= DETRACTOR).cast("float64"),
    }


def asks_to_recommend(metric: Metric) -> bool:
    """Whether a metric is on the scale for which the net promoter score is defined, and asks for nothing else."""
    return tuple(metric.scale) == SCALE and metric.higher_is == "better" and metric.kind is None


def score_nps(totals: Totals, *, metric: Metric, level: float = 0.95) -> Result:
    """Score the net promoter score by wave and test each wave against the one before.

    Parameters
    ----------
    totals : Totals
        From :func:`coroi.metrics.totals.sum_by_customer` with :func:`nps_parts`, by wave or without groups.
    metric : Metric
        Its scale.
    level : float
        Level of the intervals.

    Returns
    -------
    Result
        By ``wave``: ``nps`` (points, −100 to 100), ``promoters`` and ``detractors`` (shares of answers); ``change`` (a
        wave's score less that of the wave before) with ``p_value``. Not identified on another scale than 0 to 10, with
        fewer than 10 customers, and a change where there is but one wave.

    Notes
    -----
    Errors are clustered by customer, with the covariance across waves, since who answers twice makes two waves depend
    on each other. The interval is Tango's score interval for the difference of two shares of the same answers, at the
    effective number of answers and with Student's t: a normal one has no width where all are promoters, and is too
    short in small waves. A change's interval joins the two waves' (Zou and Donner), and its test rejects where that
    interval leaves zero out. Assumptions: customers are independent (untestable); those who answer speak for the rest
    (see ``models.response`` and ``metrics.silent``). References: Reichheld (2003), Harvard Business Review
    81(12):46-54; Tango (1998), Statistics in Medicine 17:891-908; Zou and Donner (2008), Statistics in Medicine
    27:1693-1702.
    """
    covariance = mean_covariance(totals)
    why = (
        "" if asks_to_recommend(metric) else "the net promoter score is defined on a scale of 0 to 10, higher is better"
    )
    rows = [row for at in range(len(totals.groups)) for row in _wave(totals, covariance, at, level, why)]
    rows += _changes(totals, covariance, level, why)
    return Result(
        method="nps",
        estimand="share of answers of 9 or 10 less share of 0 to 6, in points from −100 to 100, by wave",
        spec={"level": level, "waves": list(totals.groups), "errors": "clustered by customer, factor G / (G - 1)"},
        estimates=pd.DataFrame(rows),
        n_obs=int(totals.n_obs.sum()),
        n_entities=totals.n_all,
    )


def _wave(totals: Totals, covariance: np.ndarray, wave: int, level: float, why: str) -> list[dict]:
    name = {"wave": totals.groups[wave], "p_value": np.nan}
    why = why or hindrance_of(totals, wave)
    if why:
        return [{"term": term} | name | unknown(why) for term in ("nps", "promoters", "detractors")]
    low, high = _limits(totals, covariance, wave, level)
    points = known(_balance(totals, wave), 100 * np.sqrt(_variance(covariance, wave)), low, high)
    shares = [
        {"term": totals.parts[part]} | name | share_row(totals, covariance, wave, part, level)
        for part in (PROMOTERS, DETRACTORS)
    ]
    return [{"term": "nps"} | name | points, *shares]


def _changes(totals: Totals, covariance: np.ndarray, level: float, why: str) -> list[dict]:
    if len(totals.groups) < 2:
        only = totals.groups[0] if totals.groups else ""
        return [{"term": "change", "wave": only, "p_value": np.nan} | unknown(why or ONE_WAVE)]
    rows = []
    for wave in range(1, len(totals.groups)):
        name = {"term": "change", "wave": f"{totals.groups[wave]} less {totals.groups[wave - 1]}", "p_value": np.nan}
        reason = why or hindrance_of(totals, wave) or hindrance_of(totals, wave - 1)
        rows.append(name | (unknown(reason) if reason else _change(totals, covariance, wave, level)))
    return rows


def _change(totals: Totals, covariance: np.ndarray, wave: int, level: float) -> dict:
    one, other = (3 * at + BALANCE for at in (wave, wave - 1))
    correlation = correlation_of(covariance, one, other)

    def limits(at: float) -> Limits:
        ends = [_limits(totals, covariance, w, at) for w in (wave, wave - 1)]
        return move_difference(_balance(totals, wave), ends[0], _balance(totals, wave - 1), ends[1], correlation)

    variance = covariance[one, one] + covariance[other, other] - 2 * covariance[one, other]
    gap = _balance(totals, wave) - _balance(totals, wave - 1)
    row = known(gap, 100 * np.sqrt(max(variance, 0.0)), *limits(level))
    return row | {"p_value": p_value_of(limits)}


def _limits(totals: Totals, covariance: np.ndarray, wave: int, level: float) -> Limits:
    plus, minus, balance = totals.means[wave]
    size = effective_size(
        plus + minus - balance**2,
        _variance(covariance, wave),
        n_obs=float(totals.n_obs[wave]),
        even_customers=float(totals.even_customers[wave]),
    )
    low, high = score_difference(plus, minus, size, width_of(level, int(totals.n_clusters[wave])))
    return 100 * low, 100 * high


def _balance(totals: Totals, wave: int) -> float:
    return float(100 * totals.means[wave, BALANCE])


def _variance(covariance: np.ndarray, wave: int) -> float:
    at = 3 * wave + BALANCE
    return float(covariance[at, at])
