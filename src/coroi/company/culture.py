"""How units are led: whether all is aligned with the customer, and whether leaders do what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.company.clock import Floats, stream
from coroi.company.scenario import World

ALIGNMENT_SD, DOING_SD = 0.45, 0.45  # points of the survey's scale
GAP, GAP_SD = 0.5, 0.5
IN_UNIT_LEVEL = (0.7, 0.4, -0.5)
"""Correlation of alignment, doing and gap with a unit's own part in its customers' satisfaction."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Culture:
    """How each unit is led, in points of the survey's scale; every array has shape (n_units,).

    Parameters
    ----------
    alignment : numpy.ndarray
        How far vision, mission and values are about the customer, about the units' mean.
    doing : numpy.ndarray
        What leaders do for customers, as others see it, about the units' mean.
    gap : numpy.ndarray
        How much better leaders think of their own doing than others do.
    """

    alignment: Floats
    doing: Floats
    gap: Floats


def draw_culture(own: Floats, seed: int, world: World) -> Culture:
    """Draw how units are led, given what each unit adds by itself to satisfaction.

    Parameters
    ----------
    own : numpy.ndarray
        That part of the units, in standard deviations, shape (n_units,).
    seed : int
        The company's seed.
    world : World
        The company's rules. Where practices work, culture is a cause of the unit's part; in a company with a
        `trait` it goes with that part and changes nothing; else, and without `heterogeneity`, the two are strangers.

    Notes
    -----
    All is jointly normal. Culture is drawn given the unit's part, which gives the same law as a part made up of
    culture and a rest, and leaves the part as it was drawn before.
    """
    drawn = stream(seed, "culture").standard_normal((len(IN_UNIT_LEVEL) + 1, own.size))
    shares = np.array(IN_UNIT_LEVEL)
    scenario = world.scenario
    if world.switches.heterogeneity and (scenario.practice > 0 or scenario.trait > 0):
        made_up = shares @ drawn[:-1] + np.sqrt(1 - shares @ shares) * drawn[-1]
        drawn[:-1] += shares[:, None] * (own - made_up)
    aligned, doing, gap = drawn[:-1]
    return Culture(alignment=ALIGNMENT_SD * aligned, doing=DOING_SD * doing, gap=GAP + GAP_SD * gap)


def lift(culture: Culture, unit_level_sd: float, world: World) -> Floats:
    """Return what the intervention on culture adds to the satisfaction of each unit's customers, shape (n_units,)."""
    if world.scenario.practice == 0 or not world.switches.heterogeneity:
        return np.zeros(culture.gap.size)
    by_alignment, by_doing, by_gap = unit_level_sd * np.array(IN_UNIT_LEVEL) / (ALIGNMENT_SD, DOING_SD, GAP_SD)
    done, open_gap = world.intervention, np.maximum(culture.gap, 0.0)
    lifted = np.full(culture.gap.size, by_alignment * done.alignment)
    if done.talk_walked:
        lifted += (by_doing - by_gap) * open_gap
    elif done.self_view_closed:
        lifted -= by_gap * open_gap
    return lifted
