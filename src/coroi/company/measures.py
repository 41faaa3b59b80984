"""What is read off a simulated company: who stays, what is earned, and how two worlds differ customer by customer."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Flags, Floats, Ints
from coroi.company.history import TRUST_BY_SATISFACTION, History
from coroi.company.responses import NPS, TRUST
from coroi.company.subscriptions import exits

GRACE_DAYS = 30
FOLLOWED_MONTHS = 12
"""Months after which retention is told."""


def months_told(days: Ints) -> int:
    """Return the number of months in which every exit can be told from a gap within the grace."""
    return int((days[1:] <= days[-1] - 1 - GRACE_DAYS).sum())


def kept(history: History, since: Ints, months: int = FOLLOWED_MONTHS) -> Floats:
    """Tell, as 0 or 1, who does not exit in the months from each customer's month `since` on.

    Parameters
    ----------
    history : History
        The company.
    since : numpy.ndarray
        Month by customer, counted from 0, shape (n_customers,).
    months : int
        Months followed.
    """
    contracts, last = history.contracts, history.days.size - 1
    begin = history.days[np.minimum(since, last)][contracts.customer]
    until = history.days[np.minimum(since + months, last)][contracts.customer]
    inside = exits(contracts, GRACE_DAYS) & (contracts.end >= begin) & (contracts.end < until)
    stays = np.ones(history.people.n)
    stays[contracts.customer[inside]] = 0.0
    return stays


def score_after(history: History, since: Ints, months: int) -> Floats:
    """Return the NPS score, unrounded and without noise, that each customer would give so many months after `since`."""
    month = np.minimum(since + months, history.days.size - 2)
    felt = history.satisfaction[month + 1, np.arange(history.people.n)]
    return np.asarray(NPS.centre + NPS.spread * felt)


def trust_after(history: History, since: Ints, months: int) -> Floats:
    """Return the trust score, unrounded and without noise, that each customer would give so many months later."""
    month, n = np.minimum(since + months, history.days.size - 2), np.arange(history.people.n)
    felt = history.trust[month, n] + TRUST_BY_SATISFACTION * history.satisfaction[month + 1, n]
    return np.asarray(TRUST.centre + TRUST.spread * felt)


def path_of(values: Floats, since: Ints, months: int) -> Floats:
    """Return values by month and customer from each customer's month `since` on, shape (n_customers, n_months)."""
    last, n = values.shape[0] - 1, np.arange(values.shape[1])
    return np.stack([values[np.minimum(since + k, last), n] for k in range(months)], axis=1)


def referrals_made(history: History) -> Floats:
    """Count referrals by month and customer, shape (n_months, n_customers)."""
    n = history.people.n
    return np.array([np.bincount(month.customer, minlength=n) for month in history.referrals], dtype=float)


def halves_by_dependence(history: History) -> tuple[Flags, Flags]:
    """Tell whose first reading of the share of wallet, in the first month, is above the median, and whose is not."""
    first = history.readings[0]
    share = np.full(history.people.n, np.nan)
    share[first.customer] = first.share
    median = np.median(first.share) if first.share.size else np.nan
    return share > median, share <= median


def unit_start(history: History) -> Ints:
    """Return the month in which each customer's unit takes up its practice; a far one where it never does."""
    return np.asarray(history.roll_out.start[history.people.unit])


def event_months(history: History) -> int:
    """Return the number of months for which every treated unit can be followed from its start on."""
    start = history.roll_out.start
    return int(history.days.size - 1 - start[start < history.days.size].max())


def there_at_start(history: History) -> Flags:
    """Tell who has a contract on the first day of the month in which their unit takes up its practice."""
    start = unit_start(history)
    month = np.minimum(start, history.days.size - 2)
    return np.asarray((start < history.days.size) & history.here[month, np.arange(history.people.n)])
