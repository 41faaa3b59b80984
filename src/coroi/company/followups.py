"""Follow-ups: who is called back after a low score, by lot, and who is held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.clock import Flags, Floats, Ints, as_dates, stream
from coroi.company.responses import Answered
from coroi.company.scenario import World

LOW_SCORE = 6
FOLLOWED_SHARE = 0.5
ELIGIBLE_SHARE = 0.3  # of all answers, where the score plays no part
COST = 4.0
DELAY_DAYS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowUps:
    """One month's triggering answers; every array has shape (n_triggers,).

    Parameters
    ----------
    customer, day : numpy.ndarray
        Position, and the day on which they are called back or would be.
    called : numpy.ndarray
        Whether they are, by lot.
    """

    customer: Ints
    day: Ints
    called: Flags


class CallingBack:
    """The follow-ups of one block of customers, month by month."""

    def __init__(self, seed: int, block: int, world: World) -> None:
        self._lots, self._world = stream(seed, "follow-up", block), world

    def month(self, answered: Answered, n: int) -> FollowUps:
        """Draw who is called back after the month's NPS answers among `n` customers."""
        eligible, lot, wait = self._lots.random((3, n))
        customer, _, day, score, *_ = answered
        low = self._world.switches.follow_ups_on_low_scores
        triggered = score <= LOW_SCORE if low else eligible[customer] < ELIGIBLE_SHARE
        who = customer[triggered]
        share = self._world.intervention.follow_up
        called = lot[who] < (FOLLOWED_SHARE if share is None else share)
        return FollowUps(customer=who, day=day[triggered] + 1 + _whole(wait[who] * DELAY_DAYS), called=called)


def _whole(days: Floats) -> Ints:
    return np.floor(days).astype(np.int64)


def follow_ups_table(found: tuple[FollowUps, ...], ids: np.ndarray, last: int) -> pd.DataFrame:
    """Return the customers' rows of the table `programme`, up to the day before `last`."""
    names = ("customer", "day", "called")
    customer, day, called = (np.concatenate([getattr(f, name) for f in found]) for name in names)
    kept = day < last
    customer, day, called = customer[kept], day[kept], called[kept]
    return pd.DataFrame(
        {
            "unit_id": "",
            "customer_id": ids[customer],
            "practice": "follow-up",
            "arm": np.where(called, "treatment", "control"),
            "planned_share": FOLLOWED_SHARE,
            "start_at": as_dates(day),
            "end_at": np.datetime64("NaT", "s"),
            "intensity": called.astype(float),
            "leader_sponsor": "",
        }
    )
