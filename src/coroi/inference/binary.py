"""Binary regression by Fisher scoring over blocks of grouped rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import linalg, special

Link = Literal["logit", "cloglog"]
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]  # design (r, p), weight of all (r,), weight of events (r,)

TOLERANCE = 1e-11
MAX_ITERATIONS = 60
MAX_HALVINGS = 30
FLAT = 1e-6  # gain in log-likelihood below which a step that has not converged may lead to infinity


@dataclass(frozen=True, slots=True)
class BinaryFit:
    """A fitted binary regression.

    Parameters
    ----------
    coef : ndarray, shape (p,)
        Coefficients.
    vcov : ndarray, shape (p, p)
        Inverse of the expected information: the covariance if rows are independent and the model holds.
    bread : ndarray, shape (p, p)
        Inverse of the observed information, from which a robust covariance is made.
    log_likelihood : float
        Of the rows, without the binomial coefficients.
    n_iterations : int
        Steps taken.
    converged : bool
        Whether the last step was below the tolerance in every coefficient, columns scaled to the same size.
    separated : bool
        Whether the likelihood has no finite maximum.
    """

    coef: np.ndarray
    vcov: np.ndarray
    bread: np.ndarray
    log_likelihood: float
    n_iterations: int
    converged: bool
    separated: bool


def mean_and_slope(eta: np.ndarray, link: Link) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability and its derivative at a linear predictor.

    Parameters
    ----------
    eta : ndarray
        Linear predictor.
    link : str
        ``logit`` or ``cloglog`` (complementary log-log).
    """
    if link == "logit":
        mean = special.expit(eta)
        return mean, mean * special.expit(-eta)
    rate = np.exp(np.minimum(eta, 700.0))
    return -np.expm1(-rate), np.exp(eta - rate)


def log_complement(eta: np.ndarray, link: Link) -> tuple[np.ndarray, np.ndarray]:
    """Return the log of one less the probability, and how fast it falls with the linear predictor."""
    if link == "logit":
        return special.log_expit(-eta), special.expit(eta)
    rate = np.exp(np.minimum(eta, 100.0))  # beyond it nothing is left, and larger numbers would overflow
    return -rate, rate


def fit_binary(blocks: Callable[[], Iterable[Rows]], start: np.ndarray, *, link: Link) -> BinaryFit:
    """Maximise the binomial likelihood of grouped rows.

    Parameters
    ----------
    blocks : callable
        Yields (design, n, events) anew at each call; `events` of `n` rows have the event. Weights need not be whole.
    start : ndarray, shape (p,)
        Coefficients to start from.
    link : str
        ``logit`` or ``cloglog``.

    Returns
    -------
    BinaryFit

    Notes
    -----
    Fisher scoring with step-halving; grouped rows give the estimates of single rows exactly, since both have
    the same likelihood up to a constant. Where the likelihood gains next to nothing from a step that does not
    shrink, the step is tried as a proof of separation: it raises the predictor of no row without the event and
    lowers that of none with it. References: McCullagh and Nelder (1989), Generalized Linear Models, section
    2.5; Albert and Anderson (1984), Biometrika 71:1-10.
    """
    coef = np.asarray(start, dtype=float).copy()
    at = _pass(blocks(), coef, link)
    for iteration in range(1, MAX_ITERATIONS + 1):
        step = _solve(at.expected, at.score)
        if step is None:
            return _finish(coef, at, iteration, converged=False, separated=True)
        if _relative(step, coef, at) < TOLERANCE:
            return _finish(coef, at, iteration, converged=True, separated=False)
        if step @ at.score < FLAT and _separates(blocks(), step):
            return _finish(coef, at, iteration, converged=False, separated=True)
        climbed = _climb(blocks, coef, step, at, link)
        if climbed is None:
            return _finish(coef, at, iteration, converged=False, separated=False)
        coef, at = climbed
    return _finish(coef, at, MAX_ITERATIONS, converged=False, separated=False)


def score_factor(eta: np.ndarray, link: Link) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each row's probability, the factor that makes (events − n · probability) a score, and its slope."""
    mean, slope = mean_and_slope(eta, link)
    if link == "logit":
        return mean, np.ones_like(mean), np.zeros_like(mean)
    rate = np.exp(np.minimum(eta, 700.0))
    factor = np.divide(rate, mean, out=np.ones_like(rate), where=mean > 0)
    return mean, factor, factor * (1 - np.divide(slope, mean, out=np.ones_like(slope), where=mean > 0))


def aliased(gram: np.ndarray, tolerance: float = 1e-9) -> np.ndarray:
    """Mark the columns that are linear combinations of those before them.

    Parameters
    ----------
    gram : ndarray, shape (p, p)
        Cross-products of the design's columns.
    tolerance : float
        Share of a column's length that has to be its own.

    Returns
    -------
    ndarray of bool, shape (p,)
    """
    p = len(gram)
    dropped = np.zeros(p, dtype=bool)
    kept: list[int] = []
    for j in range(p):
        own = gram[j, j]
        if kept:
            own -= gram[j, kept] @ linalg.lstsq(gram[np.ix_(kept, kept)], gram[kept, j])[0]
        if own <= tolerance * gram[j, j] or gram[j, j] == 0:
            dropped[j] = True
        else:
            kept.append(j)
    return dropped


@dataclass(frozen=True, slots=True)
class _At:
    """The likelihood and its derivatives at some coefficients."""

    score: np.ndarray
    expected: np.ndarray
    observed: np.ndarray
    likelihood: float
    weight: float


def _relative(step: np.ndarray, coef: np.ndarray, at: _At) -> float:
    """Return the largest step against its coefficient, each in units of its column's root mean square."""
    size = np.sqrt(np.diag(at.expected) / at.weight)
    return float(np.max(np.abs(step) * size / (1 + np.abs(coef) * size)))


def _climb(
    blocks: Callable[[], Iterable[Rows]], coef: np.ndarray, step: np.ndarray, at: _At, link: Link
) -> tuple[np.ndarray, _At] | None:
    """Halve the step until the likelihood does not fall; ``None`` where it always does."""
    least = at.likelihood - 1e-9 * (1 + abs(at.likelihood))
    for halving in range(MAX_HALVINGS):
        trial = coef + step / 2**halving
        there = _pass(blocks(), trial, link)
        if there.likelihood >= least:
            return trial, there
    return None


def _separates(rows: Iterable[Rows], direction: np.ndarray) -> bool:
    """Whether a direction raises the predictor of no row without the event, and lowers it of none with it."""
    wrong = most = 0.0
    for design, n, events in rows:
        change = design @ direction
        most = max(most, float(np.abs(change).max(initial=0.0)))
        wrong = max(wrong, float(change[events < n].max(initial=0.0)), float(-change[events > 0].min(initial=0.0)))
    return wrong <= 1e-4 * most


def _pass(rows: Iterable[Rows], coef: np.ndarray, link: Link) -> _At:
    p = len(coef)
    score, expected, observed = np.zeros(p), np.zeros((p, p)), np.zeros((p, p))
    likelihood = weight = 0.0
    for design, n, events in rows:
        eta = design @ coef
        _, slope = mean_and_slope(eta, link)
        mean, factor, bend = score_factor(eta, link)
        left = events - n * mean
        score += design.T @ (factor * left)
        informed = n * slope * factor
        expected += design.T @ (design * informed[:, None])
        observed += design.T @ (design * (informed - bend * left)[:, None])
        weight += float(informed.sum())
        likelihood += float(special.xlogy(events, mean).sum() + (n - events) @ log_complement(eta, link)[0])
    return _At(score, expected, observed, likelihood, weight)


def _finish(coef: np.ndarray, at: _At, iterations: int, *, converged: bool, separated: bool) -> BinaryFit:
    return BinaryFit(
        coef, _inverse(at.expected), _inverse(at.observed), at.likelihood, iterations, converged, separated
    )


def _solve(information: np.ndarray, score: np.ndarray) -> np.ndarray | None:
    try:
        return linalg.cho_solve(linalg.cho_factor(information), score)
    except (linalg.LinAlgError, ValueError):
        return None


def _inverse(information: np.ndarray) -> np.ndarray:
    try:
        return linalg.cho_solve(linalg.cho_factor(information), np.eye(len(information)))
    except (linalg.LinAlgError, ValueError):
        return np.full(information.shape, np.nan)
