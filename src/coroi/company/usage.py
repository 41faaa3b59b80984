"""Use: how much customers use the product and how much of their spend goes to it; both fade before many leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import Floats, Ints, as_dates, stream
from coroi.company.customers import People
from coroi.company.scenario import World
from coroi.company.subscriptions import Leaving

ENGAGEMENT_KEPT = 0.85
READ_EVERY = 3  # months
METERED_SHARE = 0.4
USE = 2.0  # log of the amount by a usual customer at satisfaction 0
USE_BY_DEPENDENCE, USE_BY_SATISFACTION, USE_BY_ENGAGEMENT, USE_NOISE = 0.3, 0.5, 0.4, 0.15
SHARE = -0.2  # log-odds
SHARE_BY_DEPENDENCE, SHARE_BY_SATISFACTION, SHARE_NOISE = 0.9, 0.1, 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """One month's readings of all customers under contract on its last day; every array has shape (n_readings,).

    Parameters
    ----------
    month, day : int
        The month, counted from 0, and its last day since 1970.
    customer : numpy.ndarray
        Position.
    amount, share : numpy.ndarray
        Hours of use in the month, and share of the customer's spend.
    """

    month: int
    day: int
    customer: Ints
    amount: Floats
    share: Floats


class Using:
    """The use by one block of customers, month by month.

    Notes
    -----
    Use is a customer's own dependence, satisfaction, and an engagement that comes and goes (a first-order
    autoregression with variance 1) and goes with the readiness to leave next month: use foretells leaving beyond
    what satisfaction, and thus any answer, can tell. The share of wallet shows dependence more purely.
    """

    def __init__(self, people: People, seed: int, block: int, world: World) -> None:
        self._dependence, self._loyalty = people.dependence, world.scenario.loyalty
        self._chance, self._noise = stream(seed, "engagement", block), stream(seed, "reading", block)
        self.engagement = self._chance.standard_normal(people.n)
        self._found: list[Readings] = []

    def month(self, satisfaction: Floats, leaving: Leaving, days: Ints, month: int) -> None:
        """Let engagement go on by a month, and read the use on its last day if its turn has come.

        Parameters
        ----------
        satisfaction : numpy.ndarray
            The month's, by customer.
        leaving : Leaving
            The contracts, the month's leavers drawn.
        days : numpy.ndarray
            First day of every month and of the one after the last.
        month : int
            The month, counted from 0.
        """
        fresh = np.sqrt(1 - ENGAGEMENT_KEPT**2) * self._chance.standard_normal(satisfaction.size)
        self.engagement = ENGAGEMENT_KEPT * self.engagement + fresh
        if month % READ_EVERY:
            return
        day, (amount, share) = int(days[month + 1]) - 1, self._read(self._loyalty * satisfaction)
        everyone = np.arange(satisfaction.size)
        who = np.flatnonzero(leaving.begun(everyone, np.full(everyone.size, day)) != -1)
        found = Readings(month=month, day=day, customer=who, amount=amount[who], share=share[who])
        self._found.append(found)

    def _read(self, felt: Floats) -> tuple[Floats, Floats]:
        noise, other = self._noise.standard_normal((2, felt.size))
        use = USE + USE_BY_DEPENDENCE * self._dependence + USE_BY_SATISFACTION * felt
        use = use + USE_BY_ENGAGEMENT * self.engagement + USE_NOISE * noise
        odds = SHARE + SHARE_BY_DEPENDENCE * self._dependence + SHARE_BY_SATISFACTION * felt + SHARE_NOISE * other
        return np.round(np.exp(use), 1), np.round(expit(odds), 2)

    def readings(self) -> tuple[Readings, ...]:
        """Return all readings so far, in order of days."""
        return tuple(self._found)


def usage_table(found: tuple[Readings, ...], ids: np.ndarray, seed: int, block: int) -> pd.DataFrame:
    """Return the table `usage`: the readings of those customers, drawn by lot, whose use is metered."""
    metered = stream(seed, "metered", block).random(ids.size) < METERED_SHARE
    shown = [each.customer[metered[each.customer]] for each in found]
    rows = [metered[each.customer] for each in found]
    return pd.DataFrame(
        {
            "customer_id": ids[np.concatenate(shown)],
            "occurred_at": as_dates(np.repeat([each.day for each in found], [who.size for who in shown])),
            "amount": np.concatenate([each.amount[row] for each, row in zip(found, rows, strict=True)]),
            "share_of_wallet": np.concatenate([each.share[row] for each, row in zip(found, rows, strict=True)]),
        }
    )
