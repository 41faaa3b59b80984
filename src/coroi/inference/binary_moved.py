"""A binary regression of single rows, with the influence of each cluster on its coefficients."""

from __future__ import annotations

import numpy as np

from coroi.inference.binary import Link, aliased, fit_binary, score_factor
from coroi.inference.linear import sum_by


def fit_by_cluster(
    design: np.ndarray, event: np.ndarray, cluster: np.ndarray, *, link: Link
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Fit a binary regression and sum its influence by cluster.

    Parameters
    ----------
    design : ndarray, shape (n, p)
        A column that those before it make up is left out; the first is the constant.
    event : ndarray, shape (n,)
        0 or 1, both of them there.
    cluster : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    link : str
        ``logit`` or ``cloglog``.

    Returns
    -------
    coef : ndarray, shape (p,)
        NaN where there is a reason.
    influence : ndarray, shape (n_clusters, p)
        Zeros where there is a reason.
    reasons : list of str
        Why a coefficient is not identified; empty where it is.
    """
    p = design.shape[1]
    coef, influence = np.full(p, np.nan), np.zeros((int(cluster.max()) + 1, p))
    kept = ~aliased(design.T @ design)
    x, share = design[:, kept], float(event.mean())
    start = np.zeros(x.shape[1])
    start[0] = np.log(-np.log1p(-share)) if link == "cloglog" else np.log(share / (1 - share))
    fit = fit_binary(lambda: [(x, np.ones(len(event)), event)], start, link=link)
    if not fit.converged:
        return coef, influence, ["some columns tell the events apart without error, so no finite estimate exists"] * p
    mean, factor, _ = score_factor(x @ fit.coef, link)
    coef[kept] = fit.coef
    influence[:, kept] = sum_by(x * (factor * (event - mean))[:, None], cluster) @ fit.bread
    return coef, influence, ["" if known else "it does not vary, or is a combination of the others" for known in kept]
