"""Advice: who needs it, who is sold to, and who is honestly advised away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import Flags, Floats, Ints, as_dates, days_within, numbered, stream
from coroi.company.customers import UNITS, People
from coroi.company.scenario import World
from coroi.company.spending import Purchases
from coroi.company.subscriptions import Leaving

NEEDS_PER_MONTH = 0.02
AWAY, AWAY_SD = -0.4, 0.5  # log-odds, and by how much units differ in honesty
SOLD_SHARE = 0.6  # of those not advised away
AMOUNT, AMOUNT_SPREAD = 14.0, 0.4
MARGIN = 0.35


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Advice:
    """One month's advice; every array has shape (n_advised,).

    Parameters
    ----------
    customer, day : numpy.ndarray
        Position, and day since 1970.
    away : numpy.ndarray
        Whether they are advised not to buy, or to buy elsewhere.
    """

    customer: Ints
    day: Ints
    away: Flags


class Advising:
    """The advice to one block of customers, month by month.

    Notes
    -----
    Whether a customer is advised away is a lot whose odds differ between units, and depends on nothing else.
    """

    def __init__(self, people: People, seed: int, block: int, world: World) -> None:
        self._chance, self._sizes = stream(seed, "advice", block), stream(seed, "advised amounts", block)
        spread = AWAY_SD if world.switches.heterogeneity else 0.0
        honesty = expit(AWAY + spread * stream(seed, "honesty").standard_normal(len(UNITS)))
        done = world.intervention.advised_away
        self._away: Floats = honesty[people.unit] if done is None else np.full(people.n, done)

    def month(self, here: Flags, leaving: Leaving, days: Ints, month: int) -> tuple[Advice, Purchases]:
        """Draw the month's advice, and what is sold by it.

        Parameters
        ----------
        here : numpy.ndarray
            Customers with a contract on the month's first day, shape (n_customers,).
        leaving : Leaving
            The contracts, the month's leavers drawn: nobody asks after the end.
        days : numpy.ndarray
            First day of every month and of the one after the last.
        month : int
            The month, counted from 0.
        """
        needs, when, lot, buys = self._chance.random((4, here.size))
        size = self._sizes.standard_normal(here.size)
        who = np.flatnonzero(here & (needs < NEEDS_PER_MONTH))
        who = who[leaving.begun(who, days_within(days, month, when[who])) != -1]
        day, away = days_within(days, month, when[who]), lot[who] < self._away[who]
        sold = ~away & (buys[who] < SOLD_SHARE)
        amount = np.round(AMOUNT * np.exp(AMOUNT_SPREAD * size[who[sold]]), 2)
        sales = Purchases(customer=who[sold], day=day[sold], amount=amount, margin=np.round(MARGIN * amount, 2))
        return Advice(customer=who, day=day, away=away), sales


def advice_table(found: tuple[Advice, ...], ids: np.ndarray, after: int) -> pd.DataFrame:
    """Return the table `advice`, in order of days."""
    customer, day, away = (np.concatenate([getattr(each, name) for each in found]) for name in Advice.__slots__)
    order = np.lexsort((customer, day))
    return pd.DataFrame(
        {
            "advice_id": numbered("A", order.size, after),
            "customer_id": ids[customer[order]],
            "advised_at": as_dates(day[order]),
            "advised_away": away[order].astype(int),
        }
    )
