"""What a company knows of each customer before a month begins, and what then comes: the rows of every foretelling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.company.clock import Flags, Floats, Ints, month_number
from coroi.company.history import History
from coroi.company.responses import CSAT, NPS, SURVEYS, Answers
from coroi.company.subscriptions import EXIT_SHARE

LOOK_BACK_MONTHS = 12
AHEAD_MONTHS = 3
"""Months over which profit is foretold."""
UNKNOWN = -1
HANDLE_CUT = 9.0  # minutes: about half of the contacts take longer
CSAT_CUTS = (3.0, 4.0)
USE_BANDS = 8
ITEMS = ("segment", "nps", "tone", "csat", "contact", "use", "use before")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """One row per customer and month with a contract on its first day; every array has shape (n_rows,).

    Parameters
    ----------
    customer : numpy.ndarray
        Position.
    items : dict of str to numpy.ndarray
        By name in ``ITEMS``: what is known, as a whole number from 0 on; ``UNKNOWN`` where nothing is, or nothing
        younger than a year.
    exits : numpy.ndarray
        Chance of an exit in the month, as it truly is.
    profit : numpy.ndarray
        What is earned less serving in the month and the two after it, zero while away.
    """

    customer: Ints
    items: dict[str, Ints]
    exits: Floats
    profit: Floats


def known(history: History) -> Known:
    """Tell what is known of each customer before each month that has a year before it and two months after it."""
    found: list[dict[str, Ints]] = []
    rows: list[tuple[Ints, Floats, Floats]] = []
    margin, contact = history.earned - history.serving, _last_contacts(history)
    bands = _use_bands(history)
    for month in range(LOOK_BACK_MONTHS, margin.shape[0] - AHEAD_MONTHS + 1):
        here = np.flatnonzero(history.here[month])
        items = {"segment": history.people.segment, "contact": contact[month]} | _said(history, month)
        items |= {"use": _use(bands, month, 1), "use before": _use(bands, month, 2)}
        found.append({name: items[name][here] for name in ITEMS})
        ahead = margin[month : month + AHEAD_MONTHS].sum(axis=0)
        rows.append((here, EXIT_SHARE * history.leaving[month, here], ahead[here]))
    customer, exits, profit = (np.concatenate(each) for each in zip(*rows, strict=True))
    together = {name: np.concatenate([each[name] for each in found]) for name in ITEMS}
    return Known(customer=customer, items=together, exits=exits, profit=profit)


def _said(history: History, month: int) -> dict[str, Ints]:
    """Return the last NPS score, the tone of its comment, and the last satisfaction with the departments, in bands."""
    n, day = history.people.n, int(history.days[month])
    nps, csat = (history.answers[SURVEYS.index(survey)] for survey in (NPS, CSAT))
    score, tone, served = (np.full(n, UNKNOWN) for _ in range(3))
    last = _recent(nps, day)
    # Answers are in order of answering, and of several values for one customer the last is kept.
    score[nps.customer[last]], tone[nps.customer[last]] = nps.score[last], nps.tone[last]
    rows, k = _recent(csat, day), len(CSAT.touchpoints)
    mean = csat.score[rows].reshape(-1, k).mean(axis=1)
    served[csat.customer[rows][::k]] = np.searchsorted(CSAT_CUTS, mean)
    return {"nps": score, "tone": tone, "csat": served}


def _recent(answers: Answers, day: int) -> Flags:
    """Tell which answers were given before a day and in the twelve calendar months before its own."""
    age = month_number(np.array([day])) - month_number(answers.answered)
    return (answers.answered < day) & (age <= LOOK_BACK_MONTHS)


def _last_contacts(history: History) -> Ints:
    """Return how the last contact before each month went, by month and customer: eight ways."""
    months = len(history.contacts)
    state = np.full((months + 1, history.people.n), UNKNOWN)
    since = np.full(history.people.n, -LOOK_BACK_MONTHS - 1)
    for month, each in enumerate(history.contacts):
        state[month + 1] = np.where(since >= month + 1 - LOOK_BACK_MONTHS, state[month], UNKNOWN)
        how = 4 * each.solved + 2 * each.on_time + (each.handle > HANDLE_CUT)
        state[month + 1, each.customer], since[each.customer] = how, month
    return state


def _use_bands(history: History) -> dict[int, Ints]:
    """Return the band of each customer's amount at each reading: eighths of all readings."""
    cuts = np.quantile(np.concatenate([each.amount for each in history.readings]), np.arange(1, USE_BANDS) / USE_BANDS)
    bands = {}
    for each in history.readings:
        bands[each.month] = np.full(history.people.n, UNKNOWN)
        bands[each.month][each.customer] = np.searchsorted(cuts, each.amount)
    return bands


def _use(bands: dict[int, Ints], month: int, back: int) -> Ints:
    """Return the last reading before a month, or the one before it."""
    return bands[[read for read in sorted(bands) if read < month][-back]]
