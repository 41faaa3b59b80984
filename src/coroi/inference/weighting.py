"""Means weighted by the inverse of a fitted chance to answer, and each cluster's influence on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """The chance of each row to be answered, and how it was found.

    Parameters
    ----------
    chance : ndarray, shape (n,)
        Above 0; 1 where every row of the kind is answered.
    design : ndarray, shape (n, p)
        Columns that the log odds are linear in.
    moved : ndarray, shape (g, p)
        Influence of each cluster on the coefficients.
    """

    chance: np.ndarray
    design: np.ndarray
    moved: np.ndarray


def mean_influence(
    value: np.ndarray, weight: np.ndarray, code: np.ndarray, n_clusters: int
) -> tuple[float, np.ndarray]:
    """Return a weighted mean and each cluster's influence on it, the weights taken as known.

    Parameters
    ----------
    value, weight : ndarray, shape (n,)
        Values, and weights of 0 or more; a value of no weight may be missing.
    code : ndarray, shape (n,)
        Cluster of each row, from 0.
    n_clusters : int
        Clusters, g.

    Returns
    -------
    float, ndarray of shape (g,)
    """
    counted = np.where(weight > 0, value, 0.0)
    total = weight.sum()
    mean = float(weight @ counted / total)
    return mean, np.bincount(code, weight * (counted - mean), minlength=n_clusters) / total


def answered_mean(
    value: np.ndarray, spoke: np.ndarray, base: np.ndarray, code: np.ndarray, propensity: Propensity
) -> tuple[float, np.ndarray]:
    """Return the mean of all rows from those answered, and each cluster's influence on it.

    Parameters
    ----------
    value : ndarray, shape (n,)
        Answers; missing where silent.
    spoke : ndarray, shape (n,)
        1 where answered, 0 where silent.
    base : ndarray, shape (n,)
        Survey weights.
    code : ndarray, shape (n,)
        Cluster of each row, from 0.
    propensity : Propensity
        The fitted chance to answer, logit.

    Returns
    -------
    float, ndarray of shape (g,)

    Notes
    -----
    The influence holds the part that comes of fitting the chance: with weight 1 / p and a logit, a coefficient moves
    the mean by −Σ (1 − p) / p · (y − mean) · x over the answers, per weight. Reference: Newey and McFadden (1994),
    Handbook of Econometrics 4, theorem 6.1.
    """
    weight = base * spoke / propensity.chance
    mean, influence = mean_influence(value, weight, code, len(propensity.moved))
    left = np.where(spoke > 0, value - mean, 0.0)
    pull = -(weight * (1 - propensity.chance) * left) @ propensity.design / weight.sum()
    return mean, influence + propensity.moved @ pull


def cluster_error(influence: np.ndarray) -> float:
    """Return the standard error from influence values by cluster, with the factor G / (G − 1)."""
    n = len(influence)
    return float(np.sqrt(influence @ influence * n / (n - 1))) if n > 1 else float("nan")
