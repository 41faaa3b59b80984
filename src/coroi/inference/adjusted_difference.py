"""One difference in differences: two periods, treated and compared units, covariates held or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coroi.inference.binary import aliased, fit_binary
from coroi.inference.few_units import arm_factor

Adjust = Literal["both", "outcome", "weighting"]

MOST_LIKELY = 0.999
_FEW = "{n} units to compare with are too few for {k} covariates and a constant"
_ALIKE = "a covariate is made up of the others among the units to compare with"
_APART = "covariates tell the treated units from all others: nobody is alike to compare with"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """The mean effect on the treated.

    Parameters
    ----------
    estimate : float
        NaN where there is none.
    moved : ndarray, shape (n,)
        Influence of each unit.
    reason : str
        Why there is none; empty where there is one.
    """

    estimate: float
    moved: np.ndarray
    reason: str = ""


def contrast(
    change: np.ndarray,
    treated: np.ndarray,
    design: np.ndarray,
    weight: np.ndarray,
    cluster: np.ndarray,
    *,
    adjust: Adjust = "both",
    corrected: bool = True,
) -> Contrast:
    """Compare the change of treated units with that of others who are alike in covariates.

    Parameters
    ----------
    change : ndarray, shape (n,)
        Of the outcome, between the base period and the one looked at.
    treated : ndarray of bool, shape (n,)
    design : ndarray, shape (n, p)
        The constant and the covariates.
    weight : ndarray, shape (n,)
    cluster : ndarray of int, shape (n,)
        Code of each unit's cluster.
    adjust : str
        ``outcome``: the change of the compared is regressed on covariates; ``weighting``: the compared are weighted by
        their odds of treatment, logit; ``both``: doubly robust, right where either model is.
    corrected : bool
        Whether each arm's residuals are made larger by :func:`coroi.inference.few_units.arm_factor`.

    Returns
    -------
    Contrast

    Notes
    -----
    The influence takes in that both models are fitted. References: Heckman, Ichimura and Todd (1997), Review of
    Economic Studies 64:605-654 (outcome); Abadie (2005), Review of Economic Studies 72:1-19, with weights that sum to
    one (weighting); Sant'Anna and Zhao (2020), Journal of Econometrics 219:101-122, eq. 2.5 and theorem A.1 (both).
    """
    nothing = Contrast(estimate=float("nan"), moved=np.zeros(len(change)))
    others = ~treated
    arm, compared = weight * treated, weight * others
    residual, spread = change, np.zeros_like(design)
    if adjust != "weighting" or design.shape[1] == 1:
        gram = (design * compared[:, None]).T @ design
        if others.sum() <= design.shape[1] > 1:
            return _why(nothing, _FEW.format(n=int(others.sum()), k=design.shape[1] - 1))
        if aliased(gram).any():
            return _why(nothing, _ALIKE)
        inverse = np.linalg.inv(gram)
        residual = change - design @ (inverse @ (design.T @ (compared * change)))
        spread = (design * (compared * residual)[:, None]) @ inverse
    mean = arm @ residual / arm.sum()
    moved = arm * (residual - mean) / arm.sum() - spread @ (arm @ design / arm.sum())
    if adjust == "outcome" or design.shape[1] == 1:
        return _grown(Contrast(estimate=float(mean), moved=moved), treated, weight, cluster, corrected)
    chance, slope = _odds(treated, design, weight)
    if chance is None or slope is None:
        return _why(nothing, _APART)
    odds = compared * chance / (1 - chance)
    other = odds @ residual / odds.sum()
    moved_other = odds * (residual - other) / odds.sum() - spread @ (odds @ design / odds.sum())
    moved_other = moved_other + slope @ ((odds * (residual - other)) @ design / odds.sum())
    found = Contrast(estimate=float(mean - other), moved=moved - moved_other)
    return _grown(found, treated, weight, cluster, corrected)


def _why(nothing: Contrast, reason: str) -> Contrast:
    return Contrast(estimate=nothing.estimate, moved=nothing.moved, reason=reason)


def _grown(found: Contrast, treated: np.ndarray, weight: np.ndarray, cluster: np.ndarray, corrected: bool) -> Contrast:
    """Make each arm's part of the influence larger by what its residuals are too small."""
    if not corrected:
        return found
    one, other = (arm_factor(weight[rows], cluster[rows]) for rows in (treated, ~treated))
    return Contrast(estimate=found.estimate, moved=found.moved * np.where(treated, one, other))


def _odds(treated: np.ndarray, design: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return each unit's chance of treatment and its influence on the coefficients; nothing without overlap."""
    scale = np.abs(design).max(axis=0)
    scaled = design / np.where(scale > 0, scale, 1.0)

    def rows() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        yield scaled, weight, weight * treated

    if aliased((scaled * weight[:, None]).T @ scaled).any():
        return None, None
    fit = fit_binary(rows, np.zeros(design.shape[1]), link="logit")
    if not fit.converged or fit.separated:
        return None, None
    chance = 1 / (1 + np.exp(-scaled @ fit.coef))
    if chance.max() > MOST_LIKELY:
        return None, None
    inverse = np.linalg.inv((design * (weight * chance * (1 - chance))[:, None]).T @ design)
    return chance, (design * (weight * (treated - chance))[:, None]) @ inverse
