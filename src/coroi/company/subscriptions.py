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
    stream,
)
from coroi.company.customers import People

LEAVING = -3.95  # log-odds per month: basic segment, satisfaction 0, a contract just begun
LEAVING_BY_SATISFACTION = -0.9
LEAVING_BY_LOG_TENURE = -0.15
LEAVING_BY_SEGMENT = (0.35, 0.0, -0.35)
PAYMENT_FAILURE = 0.002  # probability per month
REASONS = ("payment failed", "price", "service", "competitor", "no longer needed")
REASON_SHARES = (0.30, 0.30, 0.22, 0.18)  # of all but the first
RETURN_SHARE = 0.10
SHORT_GAP_SHARE = 0.15
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

    def open_on(self, customer: Ints, day: Ints) -> Ints:
        """Return the position of each customer's contract that covers the day, or -1."""
        width = 1 << 20  # more days than the calendar will see
        position = np.searchsorted(self.customer * width + self.start, customer * width + day, side="right") - 1
        covered = (position >= 0) & (self.customer[position] == customer) & (self.end[position] >= day)
        return np.where(covered, position, -1)


def draw_contracts(people: People, satisfaction: Floats, days: Ints, seed: int) -> Contracts:
    """Draw every contract up to the last day; what would begin later is cut, what would end later stays open.

    Parameters
    ----------
    people : People
        The customers.
    satisfaction : numpy.ndarray
        Latent satisfaction, shape (n_months + 1, n_customers).
    days : numpy.ndarray
        First day of every month and of the one after the last, shape (n_months + 1,).
    seed : int
        The company's seed.

    Notes
    -----
    A contract ends on the last day of a paid month. The odds of leaving depend on last month's satisfaction, on the
    contract's age, on the segment and on the customer's own readiness to leave; failed payments depend on nothing.
    """
    leaving, payment = stream(seed, "leaving"), stream(seed, "payment")
    reasons, returning = stream(seed, "exit reason"), stream(seed, "returning")
    own = LEAVING + np.array(LEAVING_BY_SEGMENT)[people.segment] + people.frailty
    start = people.joined.copy()
    ended: list[tuple[Ints, Ints, Ints, Ints]] = []
    for month in range(days.size - 1):
        end = _end_of_paid_month(start, int(days[month]), int(days[month + 1]) - 1)
        age = np.log1p(np.maximum(end - start, 0) / DAYS_PER_MONTH)
        odds = own + LEAVING_BY_SATISFACTION * satisfaction[month] + LEAVING_BY_LOG_TENURE * age
        unpaid = payment.random(people.n) < PAYMENT_FAILURE
        leaves = (end >= start) & (unpaid | (leaving.random(people.n) < expit(odds)))
        reason = np.where(unpaid, 0, 1 + reasons.choice(len(REASON_SHARES), people.n, p=REASON_SHARES))
        ended.append((np.flatnonzero(leaves), start[leaves], end[leaves], reason[leaves]))
        start = np.where(leaves, _return_day(end, returning), start)
    still = np.flatnonzero(start < days[-1])
    ended.append((still, start[still], np.full(still.size, NEVER), np.full(still.size, -1)))
    customer, starts, ends, why = (np.concatenate(column) for column in zip(*ended, strict=True))
    order = np.lexsort((starts, customer))
    return Contracts(customer=customer[order], start=starts[order], end=ends[order], reason=why[order])


def _end_of_paid_month(start: Ints, first: int, last: int) -> Ints:
    """Return the day of this month on which a month paid from `start` ends; earlier than `start` where none does."""
    begun = day_of_month(np.minimum(start, last))
    return np.where(begun == 0, last, np.minimum(first + begun - 1, last))


def _return_day(end: Ints, returning: np.random.Generator) -> Ints:
    """Return the day on which each leaver comes back, or ``NEVER``."""
    comes, short, length = returning.random((3, end.size))
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


def subscriptions_table(people: People, contracts: Contracts, days: Ints) -> pd.DataFrame:
    """Return the table `subscriptions`; the list price rises by 3 % a year and holds as long as the contract."""
    years = (month_number(contracts.start) - month_number(days[:1])) // 12
    price = np.array(PRICES)[people.segment[contracts.customer]] * (1 + PRICE_GROWTH_PER_YEAR) ** years
    return pd.DataFrame(
        {
            "subscription_id": numbered("S", contracts.start.size),
            "customer_id": np.array(numbered("C", people.n))[contracts.customer],
            "start_at": as_dates(contracts.start),
            "end_at": as_dates(contracts.end),
            "exit_reason": np.array((*REASONS, ""))[contracts.reason],
            "price": np.round(price, 2),
            "term_months": TERM_MONTHS,
        }
    )
