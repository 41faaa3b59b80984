"""Purchases beside the contract: who buys, for how much, at what margin, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import Flags, Floats, Ints, as_dates, days_within, numbered, season, stream
from coroi.company.customers import People
from coroi.company.scenario import World
from coroi.company.subscriptions import Leaving

BUYING = -2.2  # log-odds per month
BUYING_BY_SATISFACTION = 0.3
BUYING_BY_TRUST = 0.2
BUYING_BY_SEASON = 0.25
EXPECTED_SHARE = 0.11
AMOUNT, AMOUNT_SPREAD = 24.0, 0.6
MARGIN, MARGIN_SPREAD = 0.32, 0.2
RETURNED_SHARE = 0.06


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Purchases:
    """One month's purchases and returns; every array has shape (n_lines,).

    Parameters
    ----------
    customer, day : numpy.ndarray
        Position, and day since 1970.
    amount, margin : numpy.ndarray
        Money taken and kept; both of a return have the other sign.
    """

    customer: Ints
    day: Ints
    amount: Floats
    margin: Floats


class Buying:
    """The purchases of one block of customers, month by month."""

    def __init__(self, people: People, seed: int, block: int, world: World) -> None:
        self._chance, self._sizes = stream(seed, "buying", block), stream(seed, "amounts", block)
        self._own, self._world = BUYING + people.spending, world
        self._n = people.n
        none, free = np.zeros(0, dtype=np.int64), np.zeros(0)
        self._back = Purchases(customer=none, day=none, amount=free, margin=free)

    def month(
        self, here: Flags, leaving: Leaving, satisfaction: Floats, trust: Floats, days: Ints, month: int
    ) -> tuple[Purchases, Floats]:
        """Draw the month's purchases and last month's that come back; tell who buys, shape (n_customers,)."""
        buys, when, returns = self._chance.random((3, self._n))
        size, kept = self._sizes.standard_normal((2, self._n))
        felt = BUYING_BY_SATISFACTION * satisfaction + BUYING_BY_TRUST * trust
        odds = self._own + self._world.scenario.loyalty * felt
        if self._world.switches.seasonality:
            odds = odds - BUYING_BY_SEASON * season(month + 6)
        who = np.flatnonzero(here & (buys < expit(odds)))
        who = who[leaving.begun(who, days_within(days, month, when[who])) != -1]
        amount = np.round(AMOUNT * np.exp(AMOUNT_SPREAD * size[who]), 2)
        share = MARGIN + MARGIN_SPREAD * kept[who] * self._world.switches.returns
        new = Purchases(
            customer=who, day=days_within(days, month, when[who]), amount=amount, margin=np.round(amount * share, 2)
        )
        lines = together(new, self._back)
        sent_back = (returns[who] < RETURNED_SHARE) & self._world.switches.returns
        self._back = Purchases(
            customer=who[sent_back],
            day=new.day[sent_back] + int(days[month + 1] - days[month]),
            amount=-new.amount[sent_back],
            margin=-new.margin[sent_back],
        )
        bought = np.zeros(self._n)
        bought[who] = 1.0
        return lines, bought


def together(*parts: Purchases) -> Purchases:
    """Put purchases and returns one after the other."""
    names = ("customer", "day", "amount", "margin")
    return Purchases(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def transactions_table(found: tuple[Purchases, ...], ids: np.ndarray, after: int, last: int) -> pd.DataFrame:
    """Return the table `transactions` up to the day before `last`, in order of days."""
    lines = together(*found)
    kept = np.flatnonzero(lines.day < last)
    order = kept[np.lexsort((lines.customer[kept], lines.day[kept]))]
    return pd.DataFrame(
        {
            "transaction_id": numbered("X", order.size, after),
            "customer_id": ids[lines.customer[order]],
            "occurred_at": as_dates(lines.day[order]),
            "amount": lines.amount[order],
            "margin": lines.margin[order],
        }
    )
