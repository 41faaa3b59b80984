"""Who is left of customers followed period by period: mean shares and periods, with their gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Survivors:
    """Means over the customers of a group, and their derivatives by the coefficients, shape (p,).

    Parameters
    ----------
    share, share_gradient : float, ndarray
        Share still there after the last period.
    stay, stay_gradient : float, ndarray
        Periods begun.
    """

    share: float
    share_gradient: np.ndarray
    stay: float
    stay_gradient: np.ndarray


def mean_survivors(
    profile: np.ndarray, customers: np.ndarray, log_stay: np.ndarray, pull: np.ndarray, design: np.ndarray
) -> Survivors:
    """Follow profiles through their periods, in the order of their rows, and average over customers.

    Parameters
    ----------
    profile : ndarray, shape (r,)
        Number of the profile that a row is a period of.
    customers : ndarray, shape (r,)
        Weight of the profile, the same in all its periods.
    log_stay, pull : ndarray, shape (r,)
        Log of the probability to stay, and how fast it falls with the linear predictor.
    design : ndarray, shape (r, p)
        Rows of the linear predictor.
    """
    order = np.argsort(profile, kind="stable")
    ordered = profile[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    weight = customers[order][starts] / customers[order][starts].sum()
    left, falls = weight.copy(), np.zeros((len(starts), design.shape[1]))
    log_left = np.zeros(len(starts))
    stay, stay_gradient = 0.0, np.zeros(design.shape[1])
    for period in range(lengths.max()):
        going = np.flatnonzero(lengths > period)
        stay += float(left[going].sum())
        stay_gradient -= left[going] @ falls[going]
        at = order[starts[going] + period]
        log_left[going] += log_stay[at]
        falls[going] += pull[at][:, None] * design[at]
        left[going] = weight[going] * np.exp(log_left[going])
    return Survivors(float(left.sum()), -left @ falls, stay, stay_gradient)
