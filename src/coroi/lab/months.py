"""A company's months straight from its history: who is at risk, who leaves, and what each had answered by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coroi.company.history import History
from coroi.company.responses import NPS
from coroi.company.subscriptions import Contracts
from coroi.prepare.landmark import ANSWERED
from coroi.prepare.levels import STATES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GRACE_DAYS = 30
AGE_LIMIT = 12
HORIZON = 12
ANSWER = STATES.index(ANSWERED)
NEVER_ANSWERED, TOO_OLD = 1, 2
NO_SCORE = -1
_NONE = -(10**6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Months:
    """What the customer-month panel of a company holds; arrays by month have shape (n_customers, n_months).

    Parameters
    ----------
    at_risk, exited : numpy.ndarray
        Who could leave in a month, and who did.
    tenure : numpy.ndarray
        Months since the spell began; of use where at risk.
    score, state : numpy.ndarray
        The last answer to the NPS dated before the month, ``NO_SCORE`` unless it counts, and the position in
        ``STATES``.
    answered : numpy.ndarray
        Whether any survey had been answered before the last month at risk, shape (n_customers,).
    since : numpy.ndarray
        First month in the panel, shape (n_customers,).
    revenue : numpy.ndarray
        Amounts bought less those returned.
    segment : numpy.ndarray
        Position of the segment, shape (n_customers,).
    last : int
        Last month in which every exit can be told.
    """

    at_risk: Flags
    exited: Flags
    tenure: Ints
    score: Ints
    state: Ints
    answered: Flags
    since: Ints
    revenue: Floats
    segment: Ints
    last: int

    @property
    def landmark(self) -> int:
        """First of the months followed: the latest that leaves a full horizon."""
        return self.last - HORIZON + 1


def months_of(history: History) -> Months:
    """Lay a history out by customer and month, as preparing its tables does.

    Parameters
    ----------
    history : History
        One block of a company's customers.

    Notes
    -----
    A short cut past text tables and the engine; a test holds it equal to the panel that they give.
    """
    n, n_months = history.people.n, history.days.size - 1
    until = int(history.days[-1]) - 1
    last = min(int(_month(history, np.array([until - GRACE_DAYS]))[0]) - 1, n_months - 1)
    at_risk, exited, tenure, since = _spells(history, n, n_months, until)
    at_risk[:, last + 1 :] = exited[:, last + 1 :] = False
    at_risk &= ~_forgiven(history, n, n_months)
    score, state = _known(history, n, n_months)
    answered = np.zeros(n, dtype=bool)
    for answers in history.answers:
        answered[answers.customer[_month(history, answers.answered) < last]] = True
    return Months(
        at_risk=at_risk,
        exited=exited,
        tenure=tenure,
        score=score,
        state=state,
        answered=answered,
        since=since,
        revenue=_revenue(history, n, n_months, until),
        segment=history.people.segment,
        last=last,
    )


def _month(history: History, days: Ints) -> Ints:
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months - int(history.days[0].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


def _spells(history: History, n: int, n_months: int, until: int) -> tuple[Flags, Flags, Ints, Ints]:
    """Join contracts into spells and spread these over the months; the earlier spell keeps a month that two share."""
    contracts = history.contracts
    first = _first_of_spell(contracts)
    customer, start = contracts.customer[first], _month(history, contracts.start[first])
    end = contracts.end[np.append(first[1:], contracts.customer.size) - 1]
    told = end < until - GRACE_DAYS
    leaves = np.where(told, _month(history, np.minimum(end, until)), n_months)
    to = np.minimum(leaves, n_months - 1)
    taken = np.where(np.append(False, customer[1:] == customer[:-1]), np.append(_NONE, to[:-1]), _NONE)
    begin = np.maximum(start, taken + 1)
    seen = (begin <= to) & (to >= 0)
    customer, start, leaves, to, begin = (each[seen] for each in (customer, start, leaves, to, begin.clip(0)))
    length = to - begin + 1
    who, of = np.repeat(customer, length), np.repeat(np.arange(customer.size), length)
    month = np.arange(who.size) - np.repeat(np.cumsum(length) - length, length) + begin[of]
    at_risk, exited = np.zeros((2, n, n_months), dtype=bool)
    tenure = np.zeros((n, n_months), dtype=np.int64)
    at_risk[who, month], tenure[who, month] = True, month - start[of]
    exited[who, month] = month == leaves[of]
    since = np.full(n, n_months)
    np.minimum.at(since, customer, begin)
    return at_risk, exited, tenure, since


def _first_of_spell(contracts: Contracts) -> Ints:
    """Return the positions of the contracts that begin a spell: the first, and those after more than the grace."""
    same = contracts.customer[1:] == contracts.customer[:-1]
    joined = same & (contracts.start[1:] <= contracts.end[:-1] + GRACE_DAYS + 1)
    return np.flatnonzero(np.append(True, ~joined))


def _forgiven(history: History, n: int, n_months: int) -> Flags:
    """Mark months that lie wholly in a gap between contracts."""
    contracts = history.contracts
    gap = np.flatnonzero(contracts.customer[1:] == contracts.customer[:-1])
    after = _month(history, contracts.end[gap]) + 1
    before = _month(history, contracts.start[gap + 1])
    inside = np.zeros((n, n_months), dtype=bool)
    for step in range(int((before - after).max(initial=0))):
        held = (after + step < before) & (after + step >= 0) & (after + step < n_months)
        inside[contracts.customer[gap[held]], after[held] + step] = True
    return inside


def _known(history: History, n: int, n_months: int) -> tuple[Ints, Ints]:
    """Carry each last answer to the NPS forward from the month after it was given."""
    answers = next(each for each in history.answers if each.survey.metric == NPS.metric)
    month = _month(history, answers.answered)
    used = month + 1 < n_months
    given, value = np.full((n, n_months), _NONE), np.full((n, n_months), NO_SCORE)
    # Answers are in order of answering, and of several values for one cell the last is kept.
    place = answers.customer[used], month[used] + 1
    given[place], value[place] = month[used], answers.score[used]
    latest = np.maximum.accumulate(np.where(given > _NONE, np.arange(n_months), 0), axis=1)
    given, value = np.take_along_axis(given, latest, 1), np.take_along_axis(value, latest, 1)
    fresh = np.arange(n_months) - given <= AGE_LIMIT
    state = np.where(given == _NONE, NEVER_ANSWERED, np.where(fresh, ANSWER, TOO_OLD))
    return np.where(fresh, value, NO_SCORE), state


def _revenue(history: History, n: int, n_months: int, until: int) -> Floats:
    revenue = np.zeros((n, n_months))
    for lines in history.purchases:
        held = lines.day <= until
        np.add.at(revenue, (lines.customer[held], _month(history, lines.day[held])), lines.amount[held])
    return revenue
