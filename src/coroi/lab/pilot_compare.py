"""Pilots whose customers are drawn one by one: treated less untreated within the same step, with its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from coroi.lab.pilot_rows import Rows

_CHUNK = 500  # replications at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Which group is treated in which step, and what is compared with what.

    Parameters
    ----------
    sizes : tuple of int
        Customers in each group, drawn by lot.
    treated : numpy.ndarray
        Whether a group is treated in a step, shape (n_groups, n_steps).
    contrast : numpy.ndarray
        Number of the comparison that each step belongs to, shape (n_steps,): cells are compared within it.
    weight : numpy.ndarray
        Weight of each comparison, shape (n_contrasts,); sums to 1. Fixed by the design, never by outcomes.
    """

    sizes: tuple[int, ...]
    treated: np.ndarray
    contrast: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replications:
    """Simulated pilots: each estimate, and whether its test rejects; shapes (n_effects, n_replications).

    ``margin`` is how far from zero an estimate has to lie, where the test is of that kind; NaN where it cannot be told.
    """

    estimate: np.ndarray
    reject: np.ndarray
    margin: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Per replication and group: sums and cross products of (outcome, counted, earlier) by step."""

    first: np.ndarray  # (n_groups, R, m)
    second: np.ndarray  # (n_groups, R, m, m)
    counted: np.ndarray  # (n_groups, R): rows that count in any step


def hold_out(treated: int, held: int) -> Layout:
    """Lay out a hold-out: two groups, one step."""
    return Layout(
        sizes=(treated, held), treated=np.array([[True], [False]]), contrast=np.zeros(1, int), weight=np.ones(1)
    )


def staged(sizes: Sequence[int], lengths: Sequence[int]) -> Layout:
    """Lay out a staged roll-out: wave w is treated from step w on; the last one waits until the answer is read.

    Notes
    -----
    A step's comparison weighs as its length times the harmonic size of its two sides, which is what its precision
    grows with where outcomes are alike.
    """
    waves, steps = len(sizes), len(lengths)
    treated = np.arange(waves)[:, None] <= np.arange(steps)[None, :]
    on = np.array([np.asarray(sizes)[treated[:, k]].sum() for k in range(steps)], dtype=float)
    weight = np.asarray(lengths) * on * (sum(sizes) - on)
    return Layout(sizes=tuple(sizes), treated=treated, contrast=np.arange(steps), weight=weight / weight.sum())


def before_after(n: int) -> Layout:
    """Lay out a before–after: one group, the step after (first) compared with the step before (second)."""
    return Layout(sizes=(n,), treated=np.array([[True, False]]), contrast=np.zeros(2, int), weight=np.ones(1))


def compare(rng: np.random.Generator, rows: Rows, layout: Layout, *, replications: int, alpha: float) -> Replications:
    """Simulate pilots and analyse each.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws; the same draws serve every size of effect.
    rows : Rows
        What is drawn from.
    layout : Layout
        The design.
    replications : int
        Simulated pilots.
    alpha : float
        Two-sided level.

    Returns
    -------
    Replications
        A pilot in which a comparison has an empty side, or nothing varies, does not reject.

    Notes
    -----
    The estimate is the weighted mean over comparisons of the treated mean less the untreated one. Its variance sums,
    over groups, that of the customers' influence values about their group's mean; with one step and two groups this
    is the unpooled variance of a difference, and the Satterthwaite degrees of freedom are Welch's. Where something
    earlier is known, outcomes are adjusted by their slope on it within cells (Deng et al. 2013).

    Assumptions: customers do not influence each other (untestable here); lots are drawn (by design).

    References
    ----------
    Welch (1947), Biometrika 34:28-35. Deng, Xu, Kohavi and Walker (2013), WSDM, sec. 3.2 (CUPED).
    """
    parts = []
    for begin in range(0, replications, _CHUNK):
        n = min(_CHUNK, replications - begin)
        drawn = [_draw(rng, rows.share, size, n) for size in layout.sizes]
        summed = _sum(rows, layout, drawn)
        parts.append([_analyse(sums, layout, adjusted=rows.earlier is not None) for sums in summed])
    estimate, error, freedom = (np.concatenate([[e[i] for e in part] for part in parts], axis=1) for i in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        margin = stats.t.ppf(1 - alpha / 2, freedom) * np.where(error > 0, error, np.nan)
        return Replications(estimate=estimate, reject=np.abs(estimate) > margin, margin=margin)


def _draw(rng: np.random.Generator, share: np.ndarray, size: int, replications: int) -> np.ndarray:
    """Return how often each row is drawn, shape (R, n_rows); one by one where draws are few and rows many."""
    n = len(share)
    if size > 4 * n:
        return rng.multinomial(size, share, size=replications).astype(float)
    edges = np.cumsum(share)
    picked = np.searchsorted(edges / edges[-1], rng.random((replications, size)), side="right")
    flat = (picked + n * np.arange(replications)[:, None]).ravel()
    return np.bincount(flat, minlength=n * replications).reshape(replications, n).astype(float)


def _sum(rows: Rows, layout: Layout, drawn: Sequence[np.ndarray]) -> list[_Sums]:
    """Return the sums for every size of effect; one product of matrices a group serves them all."""
    effects, n, steps = rows.outcome.shape
    fixed = [rows.counted] if rows.earlier is None else [rows.counted, rows.earlier[:, None] * rows.counted]
    m = steps * (1 + len(fixed))
    upper = np.triu_indices(m)
    groups = []
    for group, counts in enumerate(drawn):
        outcome = np.where(layout.treated[group], rows.outcome, rows.outcome[0])
        z = np.concatenate([outcome, *(np.broadcast_to(f, outcome.shape) for f in fixed)], axis=2)
        columns = np.concatenate([z, z[:, :, upper[0]] * z[:, :, upper[1]]], axis=2)
        summed = (counts @ columns.transpose(1, 0, 2).reshape(n, -1)).reshape(len(counts), effects, -1)
        second = np.empty((len(counts), effects, m, m))
        second[:, :, upper[0], upper[1]] = second[:, :, upper[1], upper[0]] = summed[:, :, m:]
        groups.append((summed[:, :, :m], second, counts @ (rows.counted > 0).any(axis=1).astype(float)))
    counted = np.array([g[2] for g in groups])
    return [
        _Sums(np.array([g[0][:, e] for g in groups]), np.array([g[1][:, e] for g in groups]), counted)
        for e in range(effects)
    ]


def _analyse(sums: _Sums, layout: Layout, *, adjusted: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return estimate, standard error and degrees of freedom, each of shape (R,)."""
    steps = layout.treated.shape[1]
    slope = _slope(sums, steps) if adjusted else np.zeros(sums.first.shape[1])
    influence = np.zeros_like(sums.first)
    estimate = np.zeros(sums.first.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        for number, weight in enumerate(layout.weight):
            for sign, on in ((1.0, True), (-1.0, False)):
                cells = np.argwhere((layout.treated == on) & (layout.contrast == number))
                total = sum(sums.first[g, :, k] for g, k in cells)
                counted = sum(sums.first[g, :, steps + k] for g, k in cells)
                earlier = sum(sums.first[g, :, 2 * steps + k] for g, k in cells) if adjusted else 0.0
                mean = (total - slope * earlier) / counted
                estimate += sign * weight * mean
                for g, k in cells:
                    influence[g, :, k] = sign * weight / counted
                    influence[g, :, steps + k] = -influence[g, :, k] * mean
                    if adjusted:
                        influence[g, :, 2 * steps + k] = -influence[g, :, k] * slope
        spread = np.einsum("gri,grij,grj->gr", influence, sums.second, influence)
        drift = np.einsum("gri,gri->gr", influence, sums.first)
        n = sums.counted
        by_group = np.maximum(spread - drift**2 / n, 0.0) * n / (n - 1)
        variance = by_group.sum(axis=0)
        freedom = variance**2 / (by_group**2 / (n - 1)).sum(axis=0)
    return estimate, np.sqrt(variance), freedom


def _slope(sums: _Sums, steps: int) -> np.ndarray:
    """Return the slope of outcomes on what was known earlier, pooled within groups and steps."""
    above, below = 0.0, 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        for k in range(steps):
            s, a, x = sums.first[:, :, k], sums.first[:, :, steps + k], sums.first[:, :, 2 * steps + k]
            cross, own = sums.second[:, :, k, 2 * steps + k], sums.second[:, :, 2 * steps + k, 2 * steps + k]
            above = above + np.nansum(cross - s * x / a, axis=0)
            below = below + np.nansum(own - x * x / a, axis=0)
        return np.where(below > 0, above / np.where(below > 0, below, 1.0), 0.0)
