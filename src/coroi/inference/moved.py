"""From the influence of each cluster to a result's estimates, covariance and influence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.estimates import unknown, wald


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """Estimates with the influence of each cluster on them.

    Parameters
    ----------
    coef : ndarray, shape (k,)
        NaN where there is a reason.
    influence : ndarray, shape (g, k)
        Zeros where there is a reason.
    clusters : pandas.Index
        Names of the clusters, shape (g,).
    reasons : tuple of str
        Why an estimate is not identified; empty where it is.
    freedom : ndarray, shape (k,), optional
        Degrees of freedom of each estimate; clusters less one by default.
    """

    coef: np.ndarray
    influence: np.ndarray
    clusters: pd.Index
    reasons: tuple[str, ...]
    freedom: np.ndarray | None = None

    @property
    def df(self) -> int:
        """Clusters less one; at least 1."""
        return max(len(self.clusters) - 1, 1)

    @property
    def covariance(self) -> np.ndarray:
        """Covariance with the factor G / (G − 1), shape (k, k)."""
        return np.asarray(len(self.clusters) / self.df * self.influence.T @ self.influence)

    @property
    def errors(self) -> np.ndarray:
        """Standard errors, shape (k,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def rows(self, keys: Sequence[Mapping[str, object]], level: float) -> pd.DataFrame:
        """Return the estimates with t intervals, each after its keys.

        Parameters
        ----------
        keys : sequence of Mapping
            ``term`` and further keys of each estimate.
        level : float
            Level of the intervals.
        """
        freedom = np.full(len(self.coef), self.df) if self.freedom is None else self.freedom
        told = zip(keys, self.reasons, self.coef, self.errors, freedom, strict=True)
        return pd.DataFrame([{**k} | (unknown(why) if why else wald(b, e, level, f)) for k, why, b, e, f in told])

    def frames(self, labels: Sequence[str]) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
        """Return covariance and influence of what is identified, by name; nothing where nothing is.

        Parameters
        ----------
        labels : sequence of str
            Names of the estimates.
        """
        some = np.array([not why for why in self.reasons])
        if not some.any():
            return None, None
        names = [label for label, kept in zip(labels, some, strict=True) if kept]
        vcov = pd.DataFrame(self.covariance[np.ix_(some, some)], index=names, columns=names)
        return vcov, pd.DataFrame(self.influence[:, some], index=self.clusters, columns=names)
