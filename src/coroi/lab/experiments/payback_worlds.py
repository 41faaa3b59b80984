"""Worlds in which it is known what a programme brings and costs, for the lab of paybacks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from coroi.claims import headline_level
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.lab.experiments.oracle import oracle_error, value_with_power
from coroi.roi.payback import crossing_of
from coroi.roi.present_value import discount_factors
from coroi.studies.roi.question import CLAIMS

PERIODS, STARTS, NEVER, SIZES = 24, (8, 10, 12), 0.25, (20, 50)
HORIZON, EARLY, RATE, PER_YEAR = 12, 3, 0.10, 12
FACTORS = discount_factors(RATE, HORIZON, PER_YEAR)
DELTA = 0.01 * 10.0 * float(FACTORS.sum())
"""The study's smallest value that matters: by default a hundredth of what a customer brings over the horizon."""

LEVEL = headline_level(len(CLAIMS))
PERSISTENCE, NOISE, POWER = 0.5, 1.0, 0.95
POWERED = "powered"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a programme brings per customer by period since the start, and what it costs.

    Parameters
    ----------
    words : str
        What happens.
    path : tuple of float
        Benefit by period since the start; the last one stays.
    set_up, running : float
        Cost in the period of the start, on top of that of each period.
    trend : float
        Growth by period of units that ever start, which the programme did not bring.
    """

    words: str
    path: tuple[float, ...]
    set_up: float = 0.0
    running: float = 0.0
    trend: float = 0.0

    @property
    def brings(self) -> tuple[object, ...]:
        """What panels are drawn from: worlds that differ in what is paid alone share their units."""
        return self.path, self.trend

    @property
    def paid(self) -> np.ndarray:
        """Cost by period since the start, shape (HORIZON,)."""
        paid = np.full(HORIZON, self.running)
        paid[0] += self.set_up
        return paid

    @property
    def profit(self) -> np.ndarray:
        """Benefit less cost by period since the start, shape (HORIZON,)."""
        return np.array([self.path[min(k, len(self.path) - 1)] for k in range(HORIZON)]) - self.paid


_GROWS = tuple(0.2 * k for k in range(1, 11))
WORLDS = {
    "baseline": World(words="the benefit grows and pays back", path=_GROWS, set_up=2.0, running=0.3),
    "dip": World(
        words="a deep valley, then a late pay-off",
        path=(-1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.2, 1.4, 1.5, 1.6),
        set_up=1.0,
        running=0.1,
    ),
    "overspend": World(words="a real benefit that costs more than it brings", path=(0.5,), set_up=4.0, running=0.8),
    "null": World(words="no benefit, a small cost", path=(0.0,), set_up=0.5, running=0.05),
    "null, free": World(words="no benefit, no cost", path=(0.0,)),
    "confounded": World(
        words="no benefit, a small cost; units with the programme grow by themselves",
        path=(0.0,),
        set_up=0.5,
        running=0.05,
        trend=0.15,
    ),
}


@cache
def powered(n: int) -> World:
    """Return a growing benefit that is scaled so that the truth, known but for the effect, says "pays" in 95 %."""
    frame, _ = draw_roll_out(np.random.default_rng(0), n=n, periods=PERIODS, starts=STARTS, path=(0.0,), never=NEVER)
    first = frame.groupby("entity")["first_treated"].first().to_numpy(float)
    error = oracle_error(first, PERIODS, FACTORS, persistence=PERSISTENCE, noise=NOISE)
    aimed = value_with_power(error, delta=DELTA, level=LEVEL, power=POWER)
    plain = WORLDS["baseline"]
    brought = float(FACTORS @ (plain.profit + plain.paid))
    scale = (aimed + float(FACTORS @ plain.paid)) / brought
    path = tuple(scale * each for each in plain.path)
    return World(words="a growing benefit of the size told above", path=path, set_up=2.0, running=0.3)


def worlds(n: int) -> dict[str, World]:
    """Return every world for panels of n units."""
    return WORLDS | {POWERED: powered(n)}


def draw(rng: np.random.Generator, world: World, n: int) -> pd.DataFrame:
    """Draw money per customer by unit and period."""
    frame, _ = draw_roll_out(
        rng,
        n=n,
        periods=PERIODS,
        starts=STARTS,
        path=world.path,
        never=NEVER,
        trend=world.trend,
        persistence=PERSISTENCE,
        noise=NOISE,
    )
    return frame


def truth_of(world: World) -> dict[str, float]:
    """Return what is true of a world within the horizon, "never" being the horizon."""
    profit = world.profit
    worth = np.where(np.abs(profit) < 1e-12, 0.0, profit) * FACTORS
    sums = np.cumsum(worth)

    def for_good(path: np.ndarray) -> float:
        found = crossing_of(pd.DataFrame(dict.fromkeys(("estimate", "band_low", "band_high"), path)))
        return min(found.estimate, float(HORIZON))

    return {
        "value": float(sums[-1]),
        "early": float(profit[:EARLY].mean()),
        "late": float(profit[EARLY:].mean()),
        "payback": for_good(sums),
        "crossover": for_good(worth),
        "depth": float(sums.min()),
        "forgone": float(sums[-1] - sums.min()),
    }
