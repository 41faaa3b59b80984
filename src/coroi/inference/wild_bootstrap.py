"""The wild cluster bootstrap of one coefficient: residuals change sign or size by cluster, the hypothesis imposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.binary import aliased
from coroi.inference.inversion import Inversion
from coroi.inference.linear import sum_by

Weights = Literal["rademacher", "webb"]
DRAWS = 9_999
SEED = 20180131
FEW_FOR_TWO_POINTS = 12
_POINTS: dict[Weights, np.ndarray] = {
    "rademacher": np.array([1.0, -1.0]),
    "webb": np.array([1.0, -1.0]).repeat(3) * np.sqrt(np.tile([1.5, 1.0, 0.5], 2)),
}


def wild_bootstrap(
    design: np.ndarray,
    outcome: np.ndarray,
    cluster: np.ndarray,
    *,
    at: int,
    weights: Weights | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Inversion:
    """Draw the t ratio of one least-squares coefficient again under every hypothesis about it.

    Parameters
    ----------
    design : ndarray, shape (n, p)
        Columns of the regression, the constant among them.
    outcome : ndarray, shape (n,)
    cluster : ndarray of int, shape (n,)
        Codes from 0 without gaps.
    at : int
        The column whose coefficient is tested; the others must not make it up.
    weights : str, optional
        ``rademacher`` (two points) or ``webb`` (six); by default Webb's below 12 clusters, where two points give too
        few different draws.
    draws : int
        Most draws; all of them where there are no more than that.
    seed : int
        Of the draws, so that equal inputs give equal answers.

    Returns
    -------
    Inversion
        p-values, and the interval of coefficients that are not rejected.

    Notes
    -----
    The restricted bootstrap-t with the hypothesis imposed, on cluster-robust errors, whose small-sample factor cancels.
    Residuals under a hypothesis are linear in it, so one set of draws serves all hypotheses and the set is found
    without drawing again. Assumptions: clusters are independent (untestable), not very unlike in size, and neither
    few treated nor few untreated ones: with one treated cluster it hardly ever rejects (MacKinnon and Webb 2017).

    References
    ----------
    Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90:414-427, section III; Roodman, Nielsen,
    MacKinnon and Webb (2019), Stata Journal 19:4-60, section 5; Webb (2014), Queen's Economics Department working
    paper 1315; MacKinnon and Webb (2017), Journal of Applied Econometrics 32:233-254.
    """
    tested, others = design[:, at], np.delete(design, at, axis=1)
    others = others[:, ~aliased(others.T @ others)]
    whole = np.column_stack([tested, others])
    own, left = (_without(values, others) for values in (tested, outcome))
    size = float(own @ own)
    estimate = float(own @ left) / size
    residual = left - estimate * own
    bread = np.linalg.inv(whole.T @ whole)
    pull = sum_by(whole * own[:, None], cluster) @ bread
    by_level, by_slope = (_effect_on_scores(whole, own, values, cluster, pull) for values in (left, own))
    drawn = draw_weights(len(pull), weights=weights, draws=draws, seed=seed)
    level, slope = drawn.values @ by_level.T / size, drawn.values @ by_slope.T / size
    spread = [np.einsum("bg,bg->b", *pair) for pair in ((level, level), (level, slope), (slope, slope))]
    scores = sum_by((own * residual)[:, None], cluster)[:, 0] / size
    return Inversion(
        level=drawn.values @ sum_by((own * left)[:, None], cluster)[:, 0] / size,
        slope=drawn.values @ sum_by((own * own)[:, None], cluster)[:, 0] / size,
        spread=np.column_stack([spread[0], -2 * spread[1], spread[2]]),
        observed_level=estimate,
        observed_slope=1.0,
        observed_spread=np.array([float(scores @ scores), 0.0, 0.0]),
        exact=drawn.exact,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Weights by draw and cluster, shape (n_draws, n_clusters), and whether they are all that there are."""

    values: np.ndarray
    exact: bool


def draw_weights(n_clusters: int, *, weights: Weights | None = None, draws: int = DRAWS, seed: int = SEED) -> Drawn:
    """Draw one weight a cluster, or list every combination where there are no more than `draws`.

    Parameters
    ----------
    n_clusters : int
    weights, draws, seed
        As in :func:`wild_bootstrap`.

    Returns
    -------
    Drawn
    """
    points = _POINTS[weights or ("webb" if n_clusters < FEW_FOR_TWO_POINTS else "rademacher")]
    base = len(points)
    if n_clusters * np.log(base) <= np.log(draws) + 1e-12:
        number = np.arange(base**n_clusters)[:, None] // base ** np.arange(n_clusters)
        return Drawn(values=points[number % base], exact=True)
    chosen = np.random.default_rng(seed).integers(base, size=(draws, n_clusters))
    return Drawn(values=points[chosen], exact=False)


def _without(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    if not others.shape[1]:
        return values.astype(float)
    return np.asarray(values - others @ np.linalg.lstsq(others, values, rcond=None)[0])


def _effect_on_scores(
    whole: np.ndarray, own: np.ndarray, values: np.ndarray, cluster: np.ndarray, pull: np.ndarray
) -> np.ndarray:
    """Return what each cluster's residuals, once drawn, add to each cluster's score after refitting, shape (G, G)."""
    scores = sum_by((own * values)[:, None], cluster)[:, 0]
    return np.diag(scores) - pull @ sum_by(whole * values[:, None], cluster).T
