"""Referrals: who recommends the company, and who comes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import Flags, Floats, Ints, as_dates, days_within, stream
from coroi.company.customers import People
from coroi.company.scenario import World

REFERRING = -5.2  # log-odds per month at satisfaction 0
REFERRING_BY_SATISFACTION = 0.9
REFERRING_BY_TRUST = 0.4
NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Referrals:
    """One month's referrals; every array has shape (n_referrals,).

    Parameters
    ----------
    customer, day : numpy.ndarray
        Position, and day since 1970.
    referred : numpy.ndarray
        Position of the customer who joined next month because of it; -1 for none.
    """

    customer: Ints
    day: Ints
    referred: Ints


class Recommending:
    """The referrals of one block of customers, month by month."""

    def __init__(self, people: People, seed: int, block: int, world: World) -> None:
        self._chance, self._joined, self._world = stream(seed, "referring", block), people.joined, world

    def month(self, here: Flags, satisfaction: Floats, trust: Floats, days: Ints, month: int) -> Referrals:
        """Draw the month's referrals; the first ones are matched with next month's joiners while these last."""
        refers, when = self._chance.random((2, here.size))
        felt = REFERRING_BY_SATISFACTION * satisfaction + REFERRING_BY_TRUST * trust
        odds = REFERRING + self._world.scenario.loyalty * felt
        who = np.flatnonzero(here & (refers < expit(odds)))
        day = days_within(days, month, when[who])
        who, day = who[np.argsort(day, kind="stable")], np.sort(day)
        following = days[month + 1 : month + 3]
        joiners = np.zeros(0, dtype=np.int64)
        if following.size == 2:
            joiners = np.flatnonzero((self._joined >= following[0]) & (self._joined < following[1]))
        referred = np.full(who.size, NOBODY)
        matched = min(who.size, joiners.size)
        referred[:matched] = joiners[:matched]
        return Referrals(customer=who, day=day, referred=referred)


def referrals_table(found: tuple[Referrals, ...], ids: np.ndarray) -> pd.DataFrame:
    """Return the table `referrals`, in order of days."""
    customer, day, referred = (np.concatenate([getattr(f, w) for f in found]) for w in ("customer", "day", "referred"))
    return pd.DataFrame(
        {
            "customer_id": ids[customer],
            "new_customer_id": np.where(referred == NOBODY, "", ids[referred]),
            "referred_at": as_dates(day),
        }
    )
