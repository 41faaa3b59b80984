"""What ties two results of one panel together: each cluster's influence on both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.errors import DataError


def share_influence(duration: np.ndarray, event: np.ndarray, n: np.ndarray, horizon: int) -> np.ndarray:
    """Return the influence of one customer of each row on the Kaplan–Meier share at the horizon.

    Parameters
    ----------
    duration, event, n : ndarray, shape (r,)
        Whole periods followed, from 1, whether the event ended them (0 or 1), and customers of the row.
    horizon : int
        Periods.

    Returns
    -------
    ndarray, shape (r,)
        Its squares, summed over customers, are Greenwood's variance; zero where the share is 0.

    Notes
    -----
    A customer's martingale residuals over the share at risk: −S Σ (dN − h) / (Y (1 − h)) over the periods followed.
    Reference: Andersen, Borgan, Gill and Keiding (1993), Statistical Models Based on Counting Processes, IV.3.
    """
    period = np.arange(1, horizon + 1)
    at_risk = duration[:, None] >= period
    leaves = (duration[:, None] == period) & (event[:, None] == 1)
    followed, left = n @ at_risk, n @ leaves
    hazard = np.divide(left, followed, out=np.zeros(horizon), where=followed > 0)
    share = float(np.prod(1 - hazard))
    if share == 0:
        return np.zeros(len(duration))
    residual = (leaves - at_risk * hazard) / (np.where(followed > 0, followed, 1) * (1 - hazard))
    return np.asarray(-share * residual.sum(axis=1))


def cross_covariance(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the covariance between the estimates of two results of one panel.

    Parameters
    ----------
    one, other : pandas.DataFrame
        Influence by cluster, shapes (g, p) and (h, q); rows are named by the cluster, in both alike.

    Returns
    -------
    pandas.DataFrame, shape (p, q)
        Clusters that are in one result only add nothing. With G clusters in either, the factor is G / (G − 1).

    Raises
    ------
    DataError
        If a result names a cluster twice, or there are fewer than two clusters.

    Notes
    -----
    Assumption: clusters are independent of each other (untestable). Reference: Clogg, Petkova and Haritou (1995),
    American Journal of Sociology 100:1261-1293; stacked estimating equations: Newey and McFadden (1994), section 6.
    """
    for found in (one, other):
        twice = int(found.index.duplicated().sum())
        if twice:
            raise DataError(f"{twice:,} clusters stand in an influence twice. Sum their rows first.")
    n = len(one.index.union(other.index))
    if n < 2:
        raise DataError(f"{n} clusters are too few to tell how two results vary together.")
    shared = one.index.intersection(other.index)
    left, right = one.loc[shared].to_numpy(float), other.loc[shared].to_numpy(float)
    return pd.DataFrame(left.T @ right * (n / (n - 1)), index=one.columns, columns=other.columns)
