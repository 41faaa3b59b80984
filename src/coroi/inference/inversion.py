"""Tests that draw again, turned round: the sizes of an effect that are not rejected."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_TIE = 1e-9  # relative difference below which two statistics are the same number
_NOTHING = 1e-10  # share of the typical spread below which a drawn spread is rounding
_DOUBLINGS, _HALVINGS = 80, 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inversion:
    """A statistic drawn again under every hypothesis: squares of (level − effect · slope) over a spread.

    Parameters
    ----------
    level, slope : ndarray, shape (n_draws,)
        The statistic of each draw is ``level − effect · slope``.
    spread : ndarray, shape (n_draws, 3)
        Its squared error: constant, factor of the effect, factor of its square; ones and zeros where the statistic is
        not divided by an error.
    observed_level, observed_slope : float
        Those of the data.
    observed_spread : ndarray, shape (3,)
    exact : bool
        Whether the draws are all that there are, the data among them.
    """

    level: np.ndarray
    slope: np.ndarray
    spread: np.ndarray
    observed_level: float
    observed_slope: float
    observed_spread: np.ndarray
    exact: bool

    @property
    def estimate(self) -> float:
        """The effect that the data agree with best."""
        return self.observed_level / self.observed_slope

    def p_value(self, effect: float) -> float:
        """Return the two-sided p-value of the hypothesis that the effect has this size.

        Notes
        -----
        The share of draws as far from the hypothesis as the data; of drawn samples the data count as one more draw
        (Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9:39).
        """
        powers = np.array([1.0, effect, effect * effect])
        drawn = (self.level - effect * self.slope) ** 2, np.maximum(self.spread @ powers, 0.0)
        observed = (self.observed_level - effect * self.observed_slope) ** 2, max(self.observed_spread @ powers, 0.0)
        return self._share(drawn, observed)

    def limits(self, level: float) -> tuple[float, float]:
        """Return the ends of the interval of effects that are not rejected at `level`.

        Returns
        -------
        (float, float)
            Infinite where there are too few ways to draw for any effect to be rejected.

        Notes
        -----
        The first effect on either side of the estimate that is rejected, found by doubling and halving.
        """
        alpha = 1 - level
        if self._at_infinity() > alpha + 1e-12:
            return -math.inf, math.inf
        return self._end(-1.0, alpha), self._end(1.0, alpha)

    def _end(self, sign: float, alpha: float) -> float:
        inside, step = self.estimate, self._step()
        outside = inside + sign * step
        for _ in range(_DOUBLINGS):
            if self.p_value(outside) <= alpha + 1e-12:
                break
            inside, step = outside, 2 * step
            outside = inside + sign * step
        else:
            return sign * math.inf
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            if self.p_value(middle) <= alpha + 1e-12:
                outside = middle
            else:
                inside = middle
        return inside

    def _step(self) -> float:
        """Return a first step: an error of the estimate, or how far draws lie from each other."""
        at = self.estimate
        error = math.sqrt(max(float(self.observed_spread @ [1.0, at, at * at]), 0.0)) / abs(self.observed_slope)
        drawn = float(np.std(self.level)) / abs(self.observed_slope)
        return next((step for step in (min(error, drawn), drawn, abs(at)) if step > 0), 1.0)

    def _at_infinity(self) -> float:
        typical = float(np.median(self.spread[:, 2]))
        spread = np.where(self.spread[:, 2] <= _NOTHING * typical, 0.0, self.spread[:, 2])
        own = self.observed_spread[2] if self.observed_spread[2] > _NOTHING * typical else 0.0
        if not typical and not own:
            spread, own = np.maximum(self.spread[:, 0], 0.0), float(self.observed_spread[0])
        return self._share((self.slope**2, spread), (self.observed_slope**2, own))

    def _share(self, drawn: tuple[np.ndarray, np.ndarray], observed: tuple[float, float]) -> float:
        """Count draws at least as far; multiplied out, so that a spread of zero divides nothing."""
        as_far = drawn[0] * observed[1] >= observed[0] * drawn[1] * (1 - _TIE)
        n = len(as_far)
        return float(as_far.mean()) if self.exact else float((1 + as_far.sum()) / (1 + n))
