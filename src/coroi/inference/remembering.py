"""Regression of one series whose errors remember: every degree of memory weighed by how well it explains the series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from coroi.inference.estimates import known

LEAST, MOST, STEPS = -0.9, 0.99, 190


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remembering:
    """Coefficients of a series, as a mixture over degrees of memory.

    Parameters
    ----------
    memory, share : ndarray, shape (m,)
        Autocorrelations from one period to the next, and the weight of each.
    centre : ndarray, shape (m, p)
        Generalised least squares given each.
    spread : ndarray, shape (m, p, p)
        Squared scales of the t distributions around them.
    df : int
        Degrees of freedom, periods less coefficients.
    pieces : ndarray, shape (T, p)
        What each period's news adds to the coefficients, at the mean memory.
    """

    memory: np.ndarray
    share: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    df: int
    pieces: np.ndarray

    @property
    def mean_memory(self) -> float:
        """Mean autocorrelation."""
        return float(self.share @ self.memory)

    def covariance(self, weights: np.ndarray) -> np.ndarray:
        """Return the covariance of weighted sums of coefficients, shape (k, k), from weights of shape (k, p)."""
        around = np.einsum("m,kp,mpq,lq->kl", self.share * self.df / (self.df - 2), weights, self.spread, weights)
        away = self.centre @ weights.T - self.estimate(weights)
        return np.asarray(around + (self.share[:, None] * away).T @ away)

    def estimate(self, weights: np.ndarray) -> np.ndarray:
        """Return weighted sums of the coefficients."""
        return np.asarray(self.share @ self.centre @ weights.T)

    def row(self, weights: np.ndarray, level: float) -> dict:
        """Return the columns of a weighted sum of coefficients, shape (p,), with quantiles of the mixture."""
        estimate, error = self.estimate(weights[None])[0], float(np.sqrt(self.covariance(weights[None])[0, 0]))
        tail = (1 - level) / 2
        low, high = (self._quantile(weights, p, estimate, error) for p in (tail, 1 - tail))
        return known(estimate, error, low, high)

    def p_value(self, weights: np.ndarray) -> float:
        """Return twice the smaller of the shares of the mixture on either side of zero."""
        middle, scale = self._parts(weights)
        below = float(self.share @ special.stdtr(self.df, -middle / scale))
        return 2 * min(below, 1 - below)

    def moved(self, weights: np.ndarray) -> np.ndarray:
        """Return what each period adds, scaled so that its squares times T / (T − 1) give the variance, shape (T,)."""
        raw, n = self.pieces @ weights, len(self.pieces)
        variance = float(self.covariance(weights[None])[0, 0])
        return np.asarray(raw * np.sqrt(variance * (n - 1) / n / (raw @ raw)))

    def _parts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the middle and the scale of each t distribution in the mixture, shapes (m,)."""
        return self.centre @ weights, np.sqrt(self.spread @ weights @ weights)

    def _quantile(self, weights: np.ndarray, p: float, middle: float, error: float) -> float:
        at, scale = (part / error for part in self._parts(weights))

        def away(value: float) -> float:
            return float(self.share @ special.stdtr(self.df, (middle / error + value - at) / scale)) - p

        reach = 4.0
        while away(-reach) > 0 or away(reach) < 0:
            reach *= 2
        return middle + error * float(optimize.brentq(away, -reach, reach, xtol=1e-12, rtol=1e-12))


def fit_remembering(design: np.ndarray, outcome: np.ndarray, period: np.ndarray) -> Remembering:
    """Regress a series whose errors are a first-order autoregression of unknown memory.

    Parameters
    ----------
    design : ndarray, shape (T, p)
        Of full rank, the constant among its columns.
    outcome : ndarray, shape (T,)
    period : ndarray of int, shape (T,)
        Rising; a number left out is a gap.

    Returns
    -------
    Remembering

    Notes
    -----
    Memory is even beforehand from −0.9 to 0.99, coefficients are even, and the scale's logarithm is: given the memory
    ρ the coefficients then follow a t distribution with T − p degrees of freedom around generalised least squares, and
    ρ itself the restricted likelihood. Intervals so widen by what is not known of ρ, which those that take an estimate
    of it for the truth do not. Reference: Zellner and Tiao (1964), Journal of the American Statistical Association
    59:763-778; restricted likelihood: Harville (1974), Biometrika 61:383-385.
    """
    memory = np.linspace(LEAST, MOST, STEPS)
    n, p = design.shape
    rows = np.column_stack([design, outcome])
    apart = np.diff(period)
    size = 1 - memory[:, None] ** (2 * apart)
    late = (rows[None, 1:] - (memory[:, None] ** apart)[:, :, None] * rows[None, :-1]) / np.sqrt(size)[:, :, None]
    white = np.concatenate([np.broadcast_to(rows[:1], (len(memory), 1, p + 1)), late], axis=1)
    x, y = white[:, :, :p], white[:, :, p]
    gram = x.transpose(0, 2, 1) @ x
    inverse = np.linalg.inv(gram)
    centre = (inverse @ (x.transpose(0, 2, 1) @ y[:, :, None]))[:, :, 0]
    residual = y - (x @ centre[:, :, None])[:, :, 0]
    squares = (residual**2).sum(axis=1)
    log_share = -0.5 * (np.log(size).sum(axis=1) + np.linalg.slogdet(gram)[1] + (n - p) * np.log(squares))
    share = np.exp(log_share - log_share.max())
    share /= share.sum()
    at = int(np.abs(memory - share @ memory).argmin())
    return Remembering(
        memory=memory,
        share=share,
        centre=centre,
        spread=inverse * (squares / (n - p))[:, None, None],
        df=n - p,
        pieces=(x[at] * residual[at][:, None]) @ inverse[at],
    )
