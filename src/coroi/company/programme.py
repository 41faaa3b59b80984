"""The programme: which unit takes up which practice, when, how wholeheartedly, and what comes of it there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.clock import Flags, Floats, Ints, as_dates, stream
from coroi.company.customers import UNITS, unit_levels
from coroi.company.scenario import World

PRACTICES = ("ride-along", "client panel", "journey coach")
PRACTICE_EFFECTS = (1.2, 0.9, 1.0)
GROWING_MONTHS = 8
DIP_MONTHS = 6
FADING_PER_MONTH = 0.7
FIRST_START, LAST_START = 0.2, 0.45  # of the months observed
BROKEN_OFF_AFTER = 6
HALF = 0.5
RECOGNITIONS_PER_MONTH = 4.0
EFFECT_OF_RECOGNITION = 0.03
SET_UP_COST = 1.2  # per customer of the unit
RUNNING_COST = 0.06  # per customer of the unit and month
FOREVER = 10**6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RollOut:
    """What each unit does; every array but the last has shape (n_units,).

    Parameters
    ----------
    practice : numpy.ndarray
        Position in ``PRACTICES``; -1 for none.
    start, end : numpy.ndarray
        First month, and the first one without it again, counted from the first month observed.
    intensity : numpy.ndarray
        From 0 to 1.
    sponsored : numpy.ndarray
        Whether the unit's leader stands behind it.
    recognition : numpy.ndarray
        Recognitions by month and unit, shape (n_months, n_units).
    """

    practice: Ints
    start: Ints
    end: Ints
    intensity: Floats
    sponsored: Flags
    recognition: Ints

    @property
    def treated(self) -> Flags:
        """Units with a practice."""
        return self.practice >= 0

    def running(self, month: int) -> Flags:
        """Tell in which units a practice runs in a month."""
        return self.treated & (self.start <= month) & (month < self.end)


def draw_roll_out(months: int, seed: int, world: World) -> RollOut:
    """Draw the roll-out, before anything is done to it from outside.

    Notes
    -----
    The practices take turns over the treated units, three by three: of six such rounds every other has sponsors, the
    third and the fourth go at it by halves, and the sixth breaks off after half a year.
    """
    lots = stream(seed, "roll-out")
    order, waves = lots.permutation(len(UNITS)), lots.permutation(world.scenario.treated_units)
    if world.scenario.best_first:
        order, waves = np.argsort(-unit_levels(world, seed), kind="stable"), np.arange(world.scenario.treated_units)
    chosen = order[: world.scenario.treated_units]
    rank = np.full(len(UNITS), -1)
    rank[chosen] = np.arange(chosen.size)
    wave = np.zeros(len(UNITS))
    wave[chosen] = waves / max(chosen.size - 1, 1) if world.switches.staggered_roll_out else 0.0
    start = np.rint(months * (FIRST_START + (LAST_START - FIRST_START) * wave)).astype(np.int64)
    turn = rank // len(PRACTICES)
    return RollOut(
        practice=np.where(rank < 0, -1, rank % len(PRACTICES)),
        start=np.where(rank < 0, FOREVER, start),
        end=np.where(turn == 5, start + BROKEN_OFF_AFTER, FOREVER),
        intensity=np.where((turn == 2) | (turn == 3), HALF, 1.0),
        sponsored=turn % 2 == 0,
        recognition=stream(seed, "recognition").poisson(RECOGNITIONS_PER_MONTH, (months, len(UNITS))),
    )


def intervened(plan: RollOut, world: World) -> RollOut:
    """Return what the roll-out becomes under the intervention; starts stay, so that units can be compared."""
    done = world.intervention
    left_out = np.isin(plan.practice, [PRACTICES.index(name) for name in done.without])
    end = plan.end if done.months_run is None else plan.start + done.months_run
    if done.stopped_after is not None:
        end = np.minimum(end, plan.start + done.stopped_after)
    n = plan.practice.size
    return RollOut(
        practice=np.where(left_out, -1, plan.practice),
        start=plan.start,
        end=end,
        intensity=plan.intensity if done.intensity is None else np.full(n, done.intensity),
        sponsored=plan.sponsored if done.sponsored is None else np.full(n, done.sponsored),
        recognition=plan.recognition,
    )


def push(plan: RollOut, month: int, world: World) -> Floats:
    """Return how much better a month's service is by practices and recognition, by unit, shape (n_units,).

    Notes
    -----
    Effects grow over eight months and fade by 30 % a month after the end; half the intensity has a quarter of the
    effect. At first a practice costs service, less every month.
    """
    since = month - plan.start
    begun = plan.treated & (since >= 0)
    last = np.minimum(since, plan.end - plan.start - 1)
    grown = np.minimum(1.0, (last + 1) / GROWING_MONTHS) if world.switches.effects_grow else np.ones(since.size)
    strength = np.array([*PRACTICE_EFFECTS, 0.0])[plan.practice] * plan.intensity**2
    strength = strength * np.where(plan.sponsored, 1.0, world.scenario.unsponsored)
    faded = FADING_PER_MONTH ** np.maximum(0, month - plan.end + 1)
    valley = world.scenario.dip * plan.intensity * np.maximum(0.0, 1 - since / DIP_MONTHS) * plan.running(month)
    recognised = plan.recognition[month] + world.intervention.recognition - RECOGNITIONS_PER_MONTH
    effect = world.scenario.practice * (strength * grown * faded * begun + EFFECT_OF_RECOGNITION * recognised)
    return np.asarray(effect - np.where(begun, valley, 0.0))


def cost_per_customer(plan: RollOut, month: int, world: World) -> Floats:
    """Return what the programme costs per customer of the unit in a month, shape (n_units,)."""
    running = RUNNING_COST * plan.running(month) + SET_UP_COST * (plan.treated & (plan.start == month))
    return np.asarray(world.scenario.cost * plan.intensity * running)


def programme_table(plan: RollOut, days: Ints) -> pd.DataFrame:
    """Return the units' rows of the table `programme`, in order of units."""
    units = np.flatnonzero(plan.treated)
    end = plan.end[units]
    last = days[np.minimum(end, days.size - 1)] - 1
    return pd.DataFrame(
        {
            "unit_id": np.array(UNITS)[units],
            "customer_id": "",
            "practice": np.array(PRACTICES)[plan.practice[units]],
            "arm": "",
            "planned_share": np.nan,
            "start_at": as_dates(days[plan.start[units]]),
            "end_at": np.where(end < days.size, as_dates(last), np.datetime64("NaT", "s")),
            "intensity": plan.intensity[units],
            "leader_sponsor": np.where(plan.sponsored[units], "1", "0"),
        }
    )


def recognition_table(plan: RollOut, days: Ints) -> pd.DataFrame:
    """Return the table `recognition`, by unit and month."""
    months = plan.recognition.shape[0]
    return pd.DataFrame(
        {
            "unit_id": np.repeat(UNITS, months),
            "period": np.tile(as_dates(days[:-1]), len(UNITS)),
            "n_recognitions": plan.recognition.T.ravel(),
        }
    )
