"""How strongly instruments move the regressor that they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coroi.inference.gmm import Moments, cross, inverse, meat

_SPANNED = 1e-10  # share of an instrument that has to be its own


def first_stage(moments: Moments, target: np.ndarray, excluded: np.ndarray) -> tuple[float, int]:
    """Return the F statistic of the excluded instruments on a regressor, with errors by cluster.

    Parameters
    ----------
    moments : Moments
    target : ndarray, shape (e,)
        Change of the regressor.
    excluded : ndarray of bool, shape (m,)
        The instruments that are no regressors themselves.

    Returns
    -------
    statistic : float
        The Wald statistic over its degrees of freedom; NaN where clusters are too few to tell, or nothing is excluded.
    df : int
        Excluded instruments that can be told apart.

    Notes
    -----
    With several regressors that need instruments, each may be moved strongly and yet they may not be told apart: a
    small statistic is a warning, a large one no proof. Reference: Staiger and Stock (1997), Econometrica 65:557-586.
    """
    z, n_clusters = moments.instruments, int(moments.cluster.max()) + 1
    gram, moved = cross(z, z), np.asarray(z.T @ target)
    residual = target - np.asarray(z @ (inverse(gram)[0] @ moved))
    included = ~excluded
    swept = np.zeros((len(gram), int(excluded.sum())))  # the excluded without what the included tell of them
    swept[excluded] = np.eye(swept.shape[1])
    swept[included] = -inverse(gram[np.ix_(included, included)])[0] @ gram[np.ix_(included, excluded)]
    own = swept.T @ gram @ swept
    gone = np.diag(own) <= _SPANNED * np.diag(gram)[excluded]
    own[gone] = own[:, gone] = 0.0
    bread, df = inverse(own)
    if df == 0 or df >= n_clusters - 1 or not residual.any():
        return float("nan"), df
    slope = bread @ (swept.T @ moved)
    spread = bread @ swept.T @ meat(replace(moments, outcome=target), residual) @ swept @ bread
    wald = slope @ inverse(spread)[0] @ slope * (n_clusters - 1) / n_clusters
    return float(wald / df), df
