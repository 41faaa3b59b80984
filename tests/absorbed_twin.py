"""What the fit takes out of residuals, written out: a matrix with a row and a column for each outcome."""

from __future__ import annotations

import numpy as np

from coroi.inference.cohort_errors import Strata


def residuals_by_hand(columns: np.ndarray, weight: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Return the matrix that takes fitted values off all rows, from a fit on some of them."""
    root = np.sqrt(weight[fitted])
    found = np.eye(len(weight))
    found[:, fitted] -= columns @ (np.linalg.pinv(columns[fitted] * root[:, None], rtol=1e-12) * root)
    return found


def centred_by_hand(left: np.ndarray, weight: np.ndarray, group: np.ndarray, wider: np.ndarray, who: np.ndarray):
    """Take off each row the mean of rows alike, or of the wider circle where one cluster is alone in its group."""
    found = left.copy()
    for i in range(len(left)):
        inside = group == group[i]
        if len(set(who[inside])) == 1:
            inside = wider == wider[i]
        found[i] = left[i] - weight[inside] @ left[inside] / weight[inside].sum()
    return found


def absorbed_by_hand(
    weights: np.ndarray, left: np.ndarray, weight: np.ndarray, cluster: np.ndarray, planned: np.ndarray, strata: Strata
) -> np.ndarray:
    """Return what each stratum's squares are to be multiplied by, from the average square of each cluster's score."""
    found = np.ones((int(strata.code.max()) + 1, weights.shape[1]))
    for k in range(weights.shape[1]):
        score = np.array([(weights[cluster == c, k] @ left[cluster == c]) for c in range(len(planned))])
        most = max(planned[strata.code == s, k].sum() for s in range(len(found)))
        for s in range(len(found)):
            inside = score[strata.code == s]
            wanted, free = planned[strata.code == s, k].sum(), max(len(inside) - 1, 1)
            about = inside - inside.mean(axis=0)
            seen = (about**2 / weight).sum() * len(inside) / free
            if wanted > 1e-9 * most:
                found[s, k] = wanted / max(seen, wanted / 10)
    return found
