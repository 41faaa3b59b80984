"""What the next period's second column goes with in the first, past and present held: a placebo of the arrow."""

from __future__ import annotations

import numpy as np

from coroi.inference.feedback import Feedback, complex_slope


def lead_coefficient(fit: Feedback) -> tuple[float, np.ndarray]:
    """Return the coefficient of the next period's second column, and each cluster's influence on it.

    Parameters
    ----------
    fit : Feedback
        The outcome is the first column, the metric the second.

    Returns
    -------
    lead : float
    influence : ndarray, shape (n_clusters,)

    Notes
    -----
    In a regression of the outcome on it, on the other columns of this period, and on the past of all. It follows from
    the autoregression: with the push b of the outcome on the metric, the variance s of the outcome's news given the
    news of the others, and the variance v of the metric's news it is b s / (b² s + v).
    """
    k = len(fit.sigma)

    def lead(flat: np.ndarray) -> np.ndarray:
        push, sigma = flat[:, 0], flat[:, 1:].reshape(-1, k, k)
        own = 1 / np.linalg.inv(sigma)[:, 0, 0]
        return np.asarray(push * own / (push**2 * own + sigma[:, 1, 1]))[:, None]

    at = np.append(fit.coef[1, 0], fit.sigma.ravel())
    moved = np.column_stack([fit.coef_influence[:, 1, 0], fit.sigma_influence.reshape(-1, k * k)])
    return float(lead(at[None])[0, 0]), moved @ complex_slope(lead, at)[0]
