"""Effects of each cohort at each event time from one regression with a dummy for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.cohort_cells import Cells
from coroi.inference.few_units import arm_factor
from coroi.inference.linear import sum_by
from coroi.inference.roll_outs import NEVER, RollOut
from coroi.inference.within import sweep

Errors = Literal["corrected", "clusters", "fixest"]

_NULL = 1e-9
_TOUCHED = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saturated:
    """A saturated regression.

    Parameters
    ----------
    cells : Cells
    last : int
        First treated period of the cohort that all are compared with, or ``NEVER``.
    n_obs, n_left_out : int
        Rows in the regression; rows left out since the cohort compared with is treated by then.
    slopes : ndarray, shape (p,)
        Coefficients of the covariates; NaN where others make one up.
    slope_errors : ndarray, shape (p,)
    """

    cells: Cells
    last: int
    n_obs: int
    n_left_out: int
    slopes: np.ndarray
    slope_errors: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    outcome: np.ndarray
    covariates: np.ndarray
    entity: np.ndarray
    period: np.ndarray
    first: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray


def saturated_cells(roll_out: RollOut, covariates: np.ndarray, *, errors: Errors) -> Saturated:
    """Regress the outcome on dummies of unit, period, and cohort by event time.

    Parameters
    ----------
    roll_out : RollOut
    covariates : ndarray, shape (n_rows, p)
        Without NaN.
    errors : str
        ``corrected``: residuals of each cohort are made larger by the root of m / (m − 1) for its m clusters;
        ``clusters``: as they are, with G / (G − 1); ``fixest``: that times (N − 1) / (N − K), effects that are nested
        in clusters not counted.

    Returns
    -------
    Saturated

    Notes
    -----
    A coefficient is told only if no other mix of coefficients gives the same fit. Reference: Sun and Abraham (2021),
    eqs. 26-27.
    """
    last = NEVER if (roll_out.first == NEVER).any() else int(roll_out.first.max())
    kept = roll_out.period < last - roll_out.anticipation
    rows = _Rows(
        outcome=roll_out.outcome[kept],
        covariates=covariates[kept],
        entity=np.unique(roll_out.entity[kept], return_inverse=True)[1],
        period=roll_out.period[kept],
        first=roll_out.first[kept],
        weight=roll_out.weight[kept],
        cluster=roll_out.cluster[kept],
    )
    base = -1 - roll_out.anticipation
    since = np.where(rows.first == last, base, rows.period - np.where(rows.first == NEVER, 0, rows.first))
    named = np.where((rows.first != last) & (since != base), rows.first * (1 << 21) + since + (1 << 20), -NEVER)
    keys, code = np.unique(named, return_inverse=True)
    firsts, events = _split(keys, rows.first, since, code)
    dummies = (code[:, None] == np.flatnonzero(keys != -NEVER)[None, :]).astype(float)
    period = np.unique(rows.period, return_inverse=True)[1]
    columns = np.column_stack([dummies, rows.covariates, rows.outcome])
    swept = sweep(columns, rows.entity, period, weight=rows.weight).values
    coef, moved, touched = _fit(swept[:, :-1], swept[:, -1], rows, len(roll_out.cluster_names), errors, period)
    k = dummies.shape[1]
    cells = _cells(rows, dummies, firsts, events, last, coef[:k], moved[:, :k], touched[:k])
    factor = len(moved) / max(len(moved) - 1, 1)
    return Saturated(
        cells=cells,
        last=last,
        n_obs=len(rows.outcome),
        n_left_out=int((~kept).sum()),
        slopes=np.where(touched[k:], np.nan, coef[k:]),
        slope_errors=np.where(touched[k:], np.nan, np.sqrt((moved[:, k:] ** 2).sum(axis=0) * factor)),
    )


def _split(keys: np.ndarray, first: np.ndarray, since: np.ndarray, code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cohort and the event time of each dummy."""
    some = np.flatnonzero(keys != -NEVER)
    at = np.array([np.argmax(code == j) for j in some], dtype=np.int64)
    return first[at], since[at]


def _fit(
    design: np.ndarray, outcome: np.ndarray, rows: _Rows, n_clusters: int, errors: Errors, period: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients, each cluster's influence on them, and whether a coefficient is not told."""
    size = np.sqrt((design**2 * rows.weight[:, None]).sum(axis=0))
    scale = np.where(size > 0, size, 1.0)
    scaled = design / scale
    weighted = scaled * rows.weight[:, None]
    root, vectors = np.linalg.eigh(weighted.T @ scaled)
    real = root > _NULL * max(root.max(initial=0.0), 1e-300)
    touched = (np.abs(vectors[:, ~real]) > _TOUCHED).any(axis=1)
    bread = (vectors[:, real] / root[real]) @ vectors[:, real].T
    coef = bread @ (weighted.T @ outcome)
    coef = coef + bread @ (weighted.T @ (outcome - scaled @ coef))  # one step of refinement
    scores = weighted * (outcome - scaled @ coef)[:, None]
    if errors == "corrected":
        scores = scores * _grown(rows)[:, None]
    n_params = int(real.sum()) + int(period.max()) + 1
    more = (len(outcome) - 1) / (len(outcome) - n_params) if errors == "fixest" else 1.0
    moved = np.zeros((n_clusters, len(coef)))
    moved[: int(rows.cluster.max()) + 1] = sum_by(scores, rows.cluster) @ bread * np.sqrt(more)
    return coef / scale, moved / scale, touched


def _grown(rows: _Rows) -> np.ndarray:
    """Return what each row's residual is multiplied by: its cohort's fit takes that much of it."""
    factor = np.ones(len(rows.outcome))
    for g in np.unique(rows.first):
        some = rows.first == g
        found = arm_factor(rows.weight[some], rows.cluster[some])
        factor[some] = found if np.isfinite(found) else 1.0
    return factor


def _cells(
    rows: _Rows,
    dummies: np.ndarray,
    firsts: np.ndarray,
    events: np.ndarray,
    last: int,
    coef: np.ndarray,
    moved: np.ndarray,
    touched: np.ndarray,
) -> Cells:
    """Name the coefficients, and say why some are not told."""
    inside = dummies > 0
    others, when = rows.first == last, firsts + events
    n = len(moved)
    treats = np.stack([np.bincount(rows.cluster[i], minlength=n) > 0 for i in inside.T], axis=1)
    compared = [others & (rows.period == t) for t in when]
    compares = np.bincount(rows.cluster[others], minlength=n) > 0
    alone = {g: np.unique(rows.cluster[rows.first == g]).size == 1 for g in np.unique(rows.first)}
    reasons = tuple(_why(touched[j], alone[firsts[j]], alone[last], bool(compared[j].any())) for j in range(len(coef)))
    told = np.array([not why for why in reasons])
    return Cells(
        cohort=firsts.astype(np.int64),
        period=when.astype(np.int64),
        estimate=np.where(told, coef, np.nan),
        reasons=reasons,
        moved=np.where(told, moved, 0.0),
        treats=treats,
        compares=np.repeat(compares[:, None], len(coef), axis=1),
        n_units=inside.sum(axis=0),
        n_compared=np.array([some.sum() for some in compared], dtype=np.int64),
        n_rows=inside.sum(axis=0),
        n_left_out=np.zeros(len(coef), dtype=np.int64),
        size=rows.weight @ dummies,
    )


def _why(touched: bool, alone: bool, one_left: bool, some: bool) -> str:
    if not some:
        return "nobody is left to compare with in this period"
    if touched:
        return "no regression tells this cohort's effect here: its base period, or who to compare with, is missing"
    if alone:
        return "one unit alone is in the cohort: its own shocks cannot be told from an effect"
    return "one unit alone is left to compare with" if one_left else ""
