"""Contracts by the month: who leaves, why, and who comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import (
    DAYS_PER_MONTH,
    NEVER,
    Flags,
    Floats,
    Ints,
    as_dates,
    day_of_month,
    month_number,
    numbered,
    season,
    stream,
)
from coroi.company.customers import People
from coroi.company.departments import USUAL_SHORTFALL, shortfall
from coroi.company.scenario import World

LEAVING = -3.75  # log-odds per month: basic segment, satisfaction 0, a contract just begun
LEAVING_BY_SATISFACTION = -0.95
LEAVING_BY_TRUST = -0.25
LEAVING_BY_ENGAGEMENT = -0.6
USUAL_ENGAGEMENT = 0.2  # keeps retention about where it would be without engagement and advice
LEAVING_BY_SHORTFALL = 0.6
FACTOR_BY_DEPENDENCE = 0.35  # log of the factor on satisfaction and trust, by standard deviation of dependence
LEAVING_BY_LOG_TENURE = -0.15
LEAVING_BY_SEASON = 0.12
LEAVING_BY_SEGMENT = (0.35, 0.0, -0.35)
PAYMENT_FAILURE = 0.002  # probability per month
REASONS = ("payment failed", "price", "service", "competitor", "no longer needed")
REASON_SHARES = (0.30, 0.30, 0.22, 0.18)  # of all but the first
RETURN_SHARE = 0.10
SHORT_GAP_SHARE = 0.15
EXIT_SHARE = 1 - RETURN_SHARE * SHORT_GAP_SHARE  # of the leavers: who is back within 30 days has not left
SHORT_GAP_DAYS = (5, 30)
LONG_GAP_MEAN_DAYS = 90
PRICES = (12.0, 29.0, 79.0)
PRICE_GROWTH_PER_YEAR = 0.03
TERM_MONTHS = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contracts:
    """All contracts, ordered by customer and first day; every array has shape (n_contracts,).

    Parameters
    ----------
    customer : numpy.ndarray
        Position of the customer.
    start, end : numpy.ndarray
        First and last day, in days since 1970; an open contract ends ``NEVER``.
    reason : numpy.ndarray
        Position in ``REASONS``; -1 where the contract is open.
    """

    customer: Ints
    start: Ints
    end: Ints
    reason: Ints


class Leaving:
    """Contracts of one block of customers, month by month.

    Notes
    -----
    A contract ends on the last day of a paid month. The odds of leaving depend on last month's satisfaction and trust,
    the more so the more a customer depends on the product; on last month's engagement; on how far the weakest
    department lies below the mean of all; on the contract's age, the segment and the customer's own readiness to leave.
    Failed payments depend on nothing.
    """

    def __init__(self, people: People, seed: int, block: int, world: World) -> None:
        self._world = world
        loyalty, weakness = world.scenario.loyalty, shortfall(people.service) - USUAL_SHORTFALL
        self._own = LEAVING + np.array(LEAVING_BY_SEGMENT)[people.segment] + people.frailty
        self._own += loyalty * LEAVING_BY_SHORTFALL * weakness
        self._felt = loyalty * np.exp(FACTOR_BY_DEPENDENCE * people.dependence)
        self.chance = np.zeros(people.n)
        names = ("leaving", "payment", "exit reason", "returning")
        self._leaving, self._payment, self._reasons, self._returning = (stream(seed, name, block) for name in names)
        self._start = people.joined.copy()
        self._covered = (self._start, self._start, self._start)
        self._ended: list[tuple[Ints, Ints, Ints, Ints]] = []

    @property
    def start(self) -> Ints:
        """First day of each customer's latest contract, be it still to come."""
        return self._start

    def month(self, satisfaction: Floats, trust: Floats, engagement: Floats, days: Ints, month: int) -> None:
        """Draw who leaves in a month and when they will be back; keep everybody's `chance` of leaving in it.

        Parameters
        ----------
        satisfaction, trust, engagement : numpy.ndarray
            Last month's, by customer.
        days : numpy.ndarray
            First day of every month and of the one after the last.
        month : int
            The month, counted from 0.
        """
        start, n = self._start, self._start.size
        end = _end_of_paid_month(start, int(days[month]), int(days[month + 1]) - 1)
        age = np.log1p(np.maximum(end - start, 0) / DAYS_PER_MONTH)
        felt = LEAVING_BY_SATISFACTION * satisfaction + LEAVING_BY_TRUST * trust
        drawn = self._world.scenario.loyalty * LEAVING_BY_ENGAGEMENT * (engagement + USUAL_ENGAGEMENT)
        odds = self._own + self._felt * felt + drawn + LEAVING_BY_LOG_TENURE * age
        if self._world.switches.seasonality:
            odds = odds + LEAVING_BY_SEASON * season(month)
        failing = PAYMENT_FAILURE * self._world.switches.involuntary_exits
        unpaid, wants = self._payment.random(n) < failing, expit(odds)
        leaves = (end >= start) & (unpaid | (self._leaving.random(n) < wants))
        self.chance = (end >= start) * (failing + (1 - failing) * wants)
        reason = np.where(unpaid, 0, 1 + self._reasons.choice(len(REASON_SHARES), n, p=REASON_SHARES))
        self._ended.append((np.flatnonzero(leaves), start[leaves], end[leaves], reason[leaves]))
        back = np.full(n, NEVER)
        back[leaves] = _return_day(end[leaves], self._returning.random((3, n))[:, leaves])
        self._covered = (start, np.where(leaves, end, NEVER), back)
        self._start = np.where(leaves, back, start)

    def begun(self, who: Ints, day: Ints) -> Ints:
        """Return the first day of the contract that covers a day of the month just drawn, or -1."""
        start, end, back = (each[who] for each in self._covered)
        return np.where((start <= day) & (day <= end), start, np.where(back <= day, back, -1))

    def contracts(self, last: int) -> Contracts:
        """Return every contract begun before the day `last`; what would end later stays open."""
        still = np.flatnonzero(self._start < last)
        running = (still, self._start[still], np.full(still.size, NEVER), np.full(still.size, -1))
        customer, starts, ends, why = (np.concatenate(each) for each in zip(*self._ended, running, strict=True))
        order = np.lexsort((starts, customer))
        return Contracts(customer=customer[order], start=starts[order], end=ends[order], reason=why[order])


def _end_of_paid_month(start: Ints, first: int, last: int) -> Ints:
    """Return the day of this month on which a month paid from `start` ends; earlier than `start` where none does."""
    begun = day_of_month(np.minimum(start, last))
    return np.where(begun == 0, last, np.minimum(first + begun - 1, last))


def _return_day(end: Ints, chances: Floats) -> Ints:
    """Return the day on which each leaver comes back, or ``NEVER``."""
    comes, short, length = chances
    low, high = SHORT_GAP_DAYS
    brief = low + np.floor(length * (high - low + 1))
    long = high + np.ceil(-LONG_GAP_MEAN_DAYS * np.log1p(-length))
    gap = np.where(short < SHORT_GAP_SHARE, brief, long).astype(np.int64)
    return np.where(comes < RETURN_SHARE, end + 1 + gap, NEVER)


def exits(contracts: Contracts, grace_days: int) -> Flags:
    """Tell which contracts end in an exit: more than `grace_days` uncovered days before any next contract."""
    same = contracts.customer[1:] == contracts.customer[:-1]
    following = np.append(np.where(same, contracts.start[1:], NEVER), NEVER)
    return (contracts.end < NEVER) & (following - contracts.end - 1 > grace_days)


def list_price(segment: Ints, months_on: Ints) -> Floats:
    """Return the price per month of contracts begun so many months after the first; it rises by 3 % a year."""
    price = np.array(PRICES)[segment] * (1 + PRICE_GROWTH_PER_YEAR) ** (months_on // 12)
    return np.asarray(np.round(price, 2))


def subscriptions_table(people: People, contracts: Contracts, days: Ints, ids: np.ndarray, after: int) -> pd.DataFrame:
    """Return the table `subscriptions`; the price at the start holds as long as the contract."""
    months_on = month_number(contracts.start) - month_number(days[:1])
    return pd.DataFrame(
        {
            "subscription_id": numbered("S", contracts.start.size, after),
            "customer_id": ids[contracts.customer],
            "start_at": as_dates(contracts.start),
            "end_at": as_dates(contracts.end),
            "exit_reason": np.array((*REASONS, ""))[contracts.reason],
            "price": list_price(people.segment[contracts.customer], months_on),
            "term_months": TERM_MONTHS,
        }
    )
