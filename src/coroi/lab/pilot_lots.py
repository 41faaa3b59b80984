"""Staged pilots of a few units: treated less not-yet-treated within the step, judged by drawing the lots again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coroi.lab.pilot_compare import Replications, staged
from coroi.lab.pilot_rows import Rows

MOST_UNITS = 200  # more units are many enough for the error of a large sample
LOTS = 499
_CHUNK = 25  # replications that share their lots; were they all to share them, their errors would go together
_FEWEST_TO_ADJUST = 10


def wave_sizes(n: int, waves: int) -> tuple[int, ...]:
    """Share out n units or customers to waves as evenly as can be, the larger waves first."""
    return tuple(n // waves + (wave < n % waves) for wave in range(waves))


def compare_lots(
    rng: np.random.Generator,
    units: Rows,
    *,
    n_units: int,
    waves: int,
    lengths: Sequence[int],
    replications: int,
    alpha: float,
) -> Replications:
    """Simulate staged pilots of a few units and test each by randomisation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws; the same draws serve every size of effect.
    units : Rows
        Units to draw from, with replacement: ``outcome`` sums and ``counted`` counts a unit's customers.
    n_units, waves : int
        Units of the pilot, drawn by lot into waves of equal size.
    lengths : sequence of int
        Periods of each step; one step fewer than waves.
    replications : int
        Simulated pilots.
    alpha : float
        Two-sided level.

    Returns
    -------
    Replications

    Notes
    -----
    Within each step the mean over customers of treated units less that of units not yet treated; steps are weighted
    by the design alone, so the estimate is right whatever the calendar does and however effects grow, as two-way
    fixed effects are not. The p-value is the share of 500 lots, the true one among them, that give an estimate at
    least as far from zero: exact for any number of units where the pilot has no effect on any customer. Outcomes are
    adjusted by their slope across units on what was known before; the slope does not look at the lots.

    References
    ----------
    Thompson, Davey, Fielding, Hargreaves and Hayes (2018), Statistics in Medicine 37:2487-2500, sec. 2 (within-period
    comparison of clusters, permutation test). Goodman-Bacon (2021), Journal of Econometrics 225:254-277, eq. 10
    (why not two-way fixed effects).
    """
    sizes = wave_sizes(n_units, waves)
    weight = staged(sizes, lengths).weight
    wave = np.repeat(np.arange(waves), sizes)
    now = wave[:, None] <= np.arange(len(lengths))[None, :]
    estimate = np.empty((len(units.outcome), replications))
    reject = np.empty(estimate.shape, dtype=bool)
    for begin in range(0, replications, _CHUNK):
        chunk = slice(begin, min(begin + _CHUNK, replications))
        picked = rng.integers(len(units.share), size=(chunk.stop - begin, n_units))
        lots = np.column_stack([wave, rng.permuted(np.tile(wave, (LOTS, 1)), axis=1).T])
        on = [(lots <= k).astype(float) for k in range(len(lengths))]
        counted, before = units.counted[picked], units.outcome[0][picked]
        sides = [_weights(counted[:, :, k], on[k], weight[k]) for k in range(len(lengths))]
        adjust = units.earlier is not None and n_units >= _FEWEST_TO_ADJUST
        for e, outcome in enumerate(units.outcome):
            value = np.where(now, outcome[picked], before)
            if adjust and units.earlier is not None:
                value = value - _predicted(value, counted, units.earlier[picked])
            gaps = _gaps(value, on, sides)
            far = np.abs(gaps)
            as_far = (far >= far[:, :1] * (1 - 1e-9)).mean(axis=1)
            estimate[e, chunk] = gaps[:, 0]
            reject[e, chunk] = (as_far <= alpha + 1e-12) & (far[:, 0] > 0)
    return Replications(estimate=estimate, reject=reject)


def _gaps(value: np.ndarray, on: Sequence[np.ndarray], sides: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the estimate by replication and lot, the true lot first."""
    gaps = np.zeros((len(value), on[0].shape[1]))
    for k, (together, waiting) in enumerate(sides):
        gaps += _product(value[:, :, k], on[k]) * together
        gaps -= value[:, :, k].sum(axis=1, keepdims=True) * waiting
    return gaps


def _weights(counted: np.ndarray, on: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Return, by replication and lot, the factors of the treated sum and of the whole sum in a step's weighted gap.

    The gap, treated / n - (whole - treated) / m, is treated (1 / n + 1 / m) - whole / m; with an empty side it is 0.
    """
    n = _product(counted, on)
    m = counted.sum(axis=1, keepdims=True) - n
    both = (n > 0) & (m > 0)
    n, m = np.where(both, n, 1.0), np.where(both, m, 1.0)
    return np.where(both, weight * (1 / n + 1 / m), 0.0), np.where(both, weight / m, 0.0)


def _product(values: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Multiply small matrices without the threads of BLAS, whose start costs more than the product itself."""
    return np.einsum("ru,ul->rl", values, on, optimize=False)


def _predicted(value: np.ndarray, counted: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Return what the units' earlier values let expect of their sums, by a slope fitted in each replication."""
    n = counted.sum(axis=2)
    mean = value.sum(axis=2) / np.where(n > 0, n, 1.0)
    total = n.sum(axis=1, keepdims=True)
    x = earlier - (n * earlier).sum(axis=1, keepdims=True) / total
    y = mean - (n * mean).sum(axis=1, keepdims=True) / total
    below = (n * x * x).sum(axis=1)
    slope = np.where(below > 0, (n * x * y).sum(axis=1) / np.where(below > 0, below, 1.0), 0.0)
    return slope[:, None, None] * earlier[:, :, None] * counted
