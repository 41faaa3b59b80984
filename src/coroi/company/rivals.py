"""How customers stand to the brands that they could go to instead."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Floats, stream
from coroi.company.scenario import World

SPREAD = 1.0  # points of the scale, between customers
IN_FRAILTY = 0.6
"""Correlation of the rivals' standing with a customer's own readiness to leave."""


def draw_standing(frailty: Floats, seed: int, world: World, block: int) -> Floats:
    """Draw what each customer thinks of the rivals, given their readiness to leave.

    Parameters
    ----------
    frailty : numpy.ndarray
        Own readiness to leave, in standard deviations, shape (n_customers,).
    seed, block : int
        The company's seed, and which part of the customers.
    world : World
        The company's rules. Where `loyalty` works, good rivals are a cause of that readiness; else, and without
        `heterogeneity`, the two are strangers.

    Returns
    -------
    numpy.ndarray
        Points of the scale about the mean, the intervention's not counted, shape (n_customers,).

    Notes
    -----
    Both are jointly normal. The rivals are drawn given the readiness, which gives the same law as a readiness made
    up of them and a rest, and leaves the readiness as it was drawn before.
    """
    share = IN_FRAILTY * _works(world)
    luck = stream(seed, "rivals", block).standard_normal(frailty.size)
    return SPREAD * (share * frailty + np.sqrt(1 - share**2) * luck)


def temptation(frailty_sd: float, world: World) -> float:
    """Return what the intervention on the rivals adds to the log-odds of leaving in a month."""
    return frailty_sd * IN_FRAILTY * _works(world) * world.intervention.rivals / SPREAD


def _works(world: World) -> float:
    return min(world.scenario.loyalty, 1.0) if world.switches.heterogeneity else 0.0
