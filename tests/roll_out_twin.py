"""Slow and obvious versions of what a roll-out's estimators do: moments solved one by one, loops over units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import statsmodels.api as sm

STEP = 1e-30


def contrast_twin(
    change: np.ndarray, treated: np.ndarray, design: np.ndarray, weight: np.ndarray, adjust: str
) -> tuple[float, np.ndarray]:
    """Return the effect on the treated, and each unit's influence from stacked moments by complex steps."""
    p = design.shape[1]
    controls = ~treated
    beta = sm.WLS(change[controls], design[controls], weights=weight[controls]).fit().params
    gamma = np.zeros(p)
    if adjust != "outcome":
        logit = sm.GLM(treated.astype(float), design, family=sm.families.Binomial(), freq_weights=weight)
        gamma = logit.fit(tol=1e-14, maxiter=100).params
    if adjust == "weighting":
        beta = np.zeros(p)
    d = treated.astype(float)

    def moments(theta: np.ndarray) -> np.ndarray:
        b, g, one, other = theta[:p], theta[p : 2 * p], theta[-2], theta[-1]
        chance = 1 / (1 + np.exp(-(design @ g)))
        left = change - design @ b
        odds = chance / (1 - chance) if adjust != "outcome" else np.ones(len(d))
        outcome = design * (weight * (1 - d) * left)[:, None] if adjust != "weighting" else np.ones_like(design) * b
        score = design * (weight * (d - chance))[:, None] if adjust != "outcome" else np.ones_like(design) * g
        return np.column_stack([outcome, score, weight * d * (left - one), weight * (1 - d) * odds * (left - other)])

    start = np.concatenate([beta, gamma, [0.0, 0.0]])
    at = moments(start)
    start[-2] = at[:, -2].sum() / (weight * d).sum()
    start[-1] = at[:, -1].sum() / moments(start + np.eye(2 * p + 2)[-1])[:, -1].__rsub__(at[:, -1]).sum()
    found = influence_of(moments, start)
    return float(start[-2] - start[-1]), found[:, -2] - found[:, -1]


def influence_of(moments: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Return minus the inverse of the moments' derivative times each unit's moments, shape (n, len(theta))."""
    derivative = np.zeros((len(theta), len(theta)))
    for j in range(len(theta)):
        moved = theta.astype(complex)
        moved[j] += 1j * STEP
        derivative[:, j] = moments(moved).sum(axis=0).imag / STEP
    return -np.linalg.solve(derivative, moments(theta).T).T


def clustered_error(moved: dict[object, float]) -> float:
    """Return the error from each cluster's influence."""
    n = len(moved)
    return float(np.sqrt(sum(value**2 for value in moved.values()) * n / (n - 1)))
