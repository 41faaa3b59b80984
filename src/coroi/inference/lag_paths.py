"""Coefficients of a metric's lags, free or on a polynomial, and their sums: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from coroi.errors import CoroiError, Problem
from coroi.inference.lagged import Sample, Spread, hindrance
from coroi.inference.linear import LinearFit, least_squares

NO_ROW = "no row has its outcome, its controls and all lags of the metric"
_NOTHING = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """Coefficients of the lags, their running sums and their sum, as a linear map of those that were fitted.

    Parameters
    ----------
    why : str
        Why nothing is identified; empty otherwise.
    df : float
        Degrees of freedom of t quantiles.
    fit : LinearFit or None
    linear : ndarray, shape (2 · lags + 3, q)
        The map from the fitted coefficients.
    covariance : ndarray
        Of what it leads to.
    """

    why: str
    df: float
    fit: LinearFit | None
    linear: np.ndarray
    covariance: np.ndarray

    @property
    def estimate(self) -> np.ndarray:
        """Coefficient of each lag, their running sums, and their sum."""
        assert self.fit is not None
        return self.linear @ self.fit.coef[self.fit.kept]

    def influence(self, sample: Sample) -> np.ndarray:
        """Return each cluster's influence on them."""
        assert self.fit is not None
        return self.fit.influence(sample.cluster) @ self.linear.T


def lag_basis(lags: int, shape: str, degree: int, ends: Sequence[str]) -> np.ndarray:
    """Return the lag coefficients that each fitted coefficient stands for, shape (lags + 1, m), orthonormal.

    Parameters
    ----------
    lags : int
        Beside the present one.
    shape : str
        ``free`` or ``almon``.
    degree : int
        Of Almon's polynomial.
    ends : sequence of str
        Where the polynomial is held at zero: ``near``, one period before the present one; ``far``, one after the last.

    Raises
    ------
    CoroiError
        If there is no such polynomial.
    """
    if lags < 0:
        raise CoroiError(Problem("distributed_lags", f"lags is {lags}.", "Give 0 or more."))
    if shape == "free":
        return np.eye(lags + 1)
    strange = sorted(set(ends) - {"near", "far"})
    if strange or not len(set(ends)) <= degree <= lags:
        said = f"a polynomial of degree {degree} over lags 0 to {lags}, held at {', '.join(ends) or 'no end'}."
        raise CoroiError(Problem("distributed_lags", said, "The degree reaches from the number of ends to the lags."))
    at = (2 * np.arange(-1, lags + 2) - lags) / max(lags, 1)  # the lags and one beyond either end, around zero
    powers = np.polynomial.legendre.legvander(at, degree)
    held = powers[[{"near": 0, "far": -1}[end] for end in dict.fromkeys(ends)]]
    free = linalg.null_space(held) if len(held) else np.eye(degree + 1)
    return np.asarray(np.linalg.qr(powers[1:-1] @ free)[0])


def fit_path(sample: Sample, basis: np.ndarray, spread: Spread) -> Path:
    """Fit the outcome, the sample's first column, on controls and lags, its last columns.

    Parameters
    ----------
    sample : Sample
    basis : ndarray, shape (lags + 1, m)
        From :func:`lag_basis`.
    spread : Spread
        How errors are computed.
    """
    n_lags, nothing = len(basis), np.zeros((0, 0))
    if not sample.n_obs:
        return Path(why=NO_ROW, df=np.nan, fit=None, linear=nothing, covariance=nothing)
    fitted = _reduced(sample, basis)
    fit = least_squares(fitted.values[:, 1:], fitted.values[:, 0])
    wanted = np.arange(len(fit.kept)) >= len(fit.kept) - basis.shape[1]
    why = hindrance(fitted, fit, wanted, spread)
    if why:
        return Path(why=why, df=np.nan, fit=None, linear=nothing, covariance=nothing)
    sums = np.vstack([np.eye(n_lags), np.tri(n_lags), np.ones((1, n_lags))])
    linear = np.hstack([np.zeros((len(sums), int(fit.kept[~wanted].sum()))), sums @ basis])
    covariance = linear @ spread.covariance(fitted, fit) @ linear.T
    return Path(why="", df=spread.df(sample, int(fit.kept.sum())), fit=fit, linear=linear, covariance=covariance)


def _reduced(sample: Sample, basis: np.ndarray) -> Sample:
    """Replace the lags, the last columns, by those combinations of them whose coefficients are fitted."""
    before, lags = sample.values[:, : -len(basis)], sample.values[:, -len(basis) :]
    combined = lags @ basis
    combined[:, np.abs(combined).max(axis=0) <= _NOTHING * np.abs(lags).max()] = 0.0
    return replace(sample, values=np.hstack([before, combined]))
