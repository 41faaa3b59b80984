"""Means by arm of a trial, each adjusted by a regression of its own, with the influence of every unit of assignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.linear import least_squares


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmMeans:
    """Means of an outcome by arm.

    Parameters
    ----------
    mean : ndarray, shape (a,)
        NaN where `reasons` says why.
    influence : ndarray, shape (g, a)
        Of each unit on each mean, scaled so that the sum of squares times G / (G − 1) is the variance.
    within : ndarray, shape (a,)
        The part of each variance that comes from the arm's own units.
    freedom : ndarray, shape (a,)
        Units of the arm less columns of its regression that do not vary within units.
    reasons : tuple of str
        Why a mean's error cannot be told; empty where it can.
    shared : bool
        Whether a unit has customers in several arms, as a pair has.
    """

    mean: np.ndarray
    influence: np.ndarray
    within: np.ndarray
    freedom: np.ndarray
    reasons: tuple[str, ...]
    shared: bool

    def welch(self, one: int, other: int) -> float:
        """Return the degrees of freedom of the difference of two means: Welch's, or those of pairs."""
        both = [one, other]
        if self.shared:
            return float(self.freedom[both].min())
        squares = self.within[both] ** 2 / self.freedom[both]
        return float(self.within[both].sum() ** 2 / squares.sum()) if squares.sum() > 0 else float("inf")


def arm_means(
    outcome: np.ndarray, arm: np.ndarray, n_arms: int, unit: np.ndarray, covariates: np.ndarray | None = None
) -> ArmMeans:
    """Return the mean that each arm would have if all customers were in it.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
    arm : ndarray of int, shape (n,)
        Codes from 0; every arm has a row.
    n_arms : int
    unit : ndarray of int, shape (n,)
        Unit of assignment, codes from 0 without gaps; or the stratum, where lots were drawn within pairs and the like.
    covariates : ndarray, shape (n, k), optional
        Known before assignment, strata among them; without them, plain means.

    Returns
    -------
    ArmMeans

    Notes
    -----
    Each arm is regressed on a constant and the covariates, measured from their means over all arms; the constant is
    the mean. Differences of these are Lin's estimator, with one covariate CUPED by arm, with indicators of strata
    post-stratification. Errors are by unit, with Stata's factor arm by arm, n / (n − k − 1) where customers are
    assigned one by one, so that without covariates they are Welch's; what the means of the covariates owe to chance
    is counted too, since the effect is one in the population that customers came from.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7:295-318, section 4; Deng, Xu, Kohavi and Walker (2013), WSDM, section
    3.2; Negi and Wooldridge (2021), Econometric Reviews 40:504-534, section 4; Welch (1947), Biometrika 34:28-35;
    pairs: de Chaisemartin and Ramirez-Cuellar (2024), American Economic Journal: Applied Economics 16:193-212.
    """
    n, n_units = len(outcome), int(unit.max()) + 1
    columns = np.zeros((n, 0)) if covariates is None else covariates - covariates.mean(axis=0)
    shared = _alike_within(columns, unit)
    mean, influence = np.full(n_arms, np.nan), np.zeros((n_units, n_arms))
    in_arms = 0
    within, freedom, reasons = np.zeros(n_arms), np.zeros(n_arms), [""] * n_arms
    to_house = np.sqrt((n_units - 1) / n_units) if n_units > 1 else 0.0
    for code in range(n_arms):
        at = arm == code
        fit = least_squares(np.column_stack([np.ones(at.sum()), columns[at]]), outcome[at])
        units = len(np.unique(unit[at]))
        in_arms += units
        between = 1 + int(shared[fit.kept[1:]].sum())
        rows, params = int(at.sum()), int(fit.kept.sum())
        mean[code], freedom[code] = fit.coef[0], units - between
        if units <= between or rows <= params:
            reasons[code] = _too_few(units, between)
            continue
        factor = np.sqrt(units / (units - between) * (rows - between) / (rows - params)) * to_house
        influence[:, code] = factor * np.bincount(unit[at], fit.scores @ fit.bread[:, 0], minlength=n_units)
        within[code] = n_units / (n_units - 1) * float(influence[:, code] @ influence[:, code])
        slope = np.where(fit.kept[1:], np.nan_to_num(fit.coef[1:]), 0.0)
        influence[:, code] += to_house * np.bincount(unit, columns @ slope / n, minlength=n_units)
    return ArmMeans(
        mean=mean,
        influence=influence,
        within=within,
        freedom=freedom,
        reasons=tuple(reasons),
        shared=in_arms > n_units,
    )


def _too_few(units: int, columns: int) -> str:
    if units == 1:
        return "an arm has a single unit of assignment, whose chance cannot be told from the effect"
    return f"an arm has {units:,} units of assignment, too few for {columns:,} columns of its regression"


def _alike_within(columns: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Mark the columns that do not vary within units."""
    if not columns.shape[1]:
        return np.zeros(0, dtype=bool)
    first = np.zeros(int(unit.max()) + 1, dtype=int)
    first[unit[::-1]] = np.arange(len(unit))[::-1]
    spread = np.abs(columns - columns[first[unit]]).max(axis=0)
    return np.asarray(spread <= 1e-9 * np.abs(columns).max(axis=0))
