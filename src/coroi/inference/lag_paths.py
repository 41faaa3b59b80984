"""Coefficients of a metric's lags, free or on a polynomial, and their sums: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from coroi.errors import CoroiError, Problem
from coroi.inference.lagged import Sample, Spread, hindrance
from coroi.inference.left_out import Answer
from coroi.inference.linear import LinearFit, least_squares

NO_ROW = "no row has its outcome, its controls and all lags of the metric"
NOTHING = 1e-10


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

    def influence(self, cluster: np.ndarray) -> np.ndarray:
        """Return each cluster's influence on them, from the cluster of each of the fit's scores."""
        assert self.fit is not None
        return self.fit.influence(cluster) @ self.linear.T


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
    nothing = np.zeros((0, 0))
    if not sample.n_obs:
        return Path(why=NO_ROW, df=np.nan, fit=None, linear=nothing, covariance=nothing)
    fitted = _reduced(sample, basis)
    fit = least_squares(fitted.values[:, 1:], fitted.values[:, 0])
    wanted = np.arange(len(fit.kept)) >= len(fit.kept) - basis.shape[1]
    why = hindrance(fitted, fit, wanted, spread)
    if why:
        return Path(why=why, df=np.nan, fit=None, linear=nothing, covariance=nothing)
    linear = sums_of_lags(basis, int(fit.kept[~wanted].sum()))
    covariance = linear @ spread.covariance(fitted, fit) @ linear.T
    return Path(why="", df=spread.df(sample, int(fit.kept.sum())), fit=fit, linear=linear, covariance=covariance)


def sums_of_lags(basis: np.ndarray, n_controls: int) -> np.ndarray:
    """Return the map from fitted coefficients, controls first, to each lag, their running sums and their sum.

    Parameters
    ----------
    basis : ndarray, shape (lags + 1, m)
        From :func:`lag_basis`.
    n_controls : int
        Coefficients before those of the lags.
    """
    n_lags = len(basis)
    sums = np.vstack([np.eye(n_lags), np.tri(n_lags), np.ones((1, n_lags))])
    return np.hstack([np.zeros((len(sums), n_controls)), sums @ basis])


def sum_first(basis: np.ndarray) -> np.ndarray:
    """Return the same space of lag coefficients, the first fitted coefficient being the sum of all lags."""
    total = basis.sum(axis=0)
    rest = linalg.null_space(total[None])
    return basis @ np.column_stack([total / (total @ total), rest]) if total.any() else basis


def long_run_answer(sample: Sample, basis: np.ndarray, path: Path) -> Answer:
    """Return the sum of all lags, and how to get it again from some of the rows.

    Parameters
    ----------
    sample : Sample
    basis : ndarray, shape (lags + 1, m)
    path : Path
        Of the same, identified.
    """
    assert path.fit is not None
    kept = path.fit.kept

    def again(some: Sample) -> float:
        fitted = _reduced(some, basis)
        fit = least_squares(fitted.values[:, 1:], fitted.values[:, 0])
        return float(basis.sum(axis=0) @ fit.coef[-basis.shape[1] :])

    design = _reduced(sample, basis).values[:, 1:][:, kept]
    return Answer(
        what="the long-run effect",
        estimate=float(path.estimate[-1]),
        error=float(np.sqrt(path.covariance[-1, -1])),
        weighed=design,
        design=design,
        coef=path.fit.coef[kept],
        of=lambda coef: coef @ path.linear[-1],
        again=again,
    )


def _reduced(sample: Sample, basis: np.ndarray) -> Sample:
    """Replace the lags, the last columns, by those combinations of them whose coefficients are fitted."""
    before, lags = sample.values[:, : -len(basis)], sample.values[:, -len(basis) :]
    combined = lags @ basis
    combined[:, np.abs(combined).max(axis=0) <= NOTHING * np.abs(lags).max()] = 0.0
    return replace(sample, values=np.hstack([before, combined]))
