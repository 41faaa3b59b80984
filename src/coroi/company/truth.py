"""What the study `retention` ought to find, counted in a far larger company."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from coroi.company.clock import Flags, Ints, as_date, first_days, month_number
from coroi.company.history import History, draw_history
from coroi.company.responses import NPS, Answers
from coroi.company.subscriptions import Contracts, exits

TRUTH_SEED = 20220101
BANDS = ("0–6", "7–8", "9–10", "never answered", "answer too old")
BAND_EDGES = (6, 8)
DEFINITIONS = {
    "landmark": "first day of the month that starts `horizon` months before the end of the last month in which every "
    "exit can be told",
    "at risk": "a contract open on the landmark or beginning in its month",
    "band": "the last answer before the landmark, unless it is more than `metric_age_limit` calendar months old",
    "exit": "a contract's end followed by more than `grace_days` days without a contract",
}
BOTTOM, TOP, NEVER_ANSWERED, TOO_OLD = 0, 2, 3, 4


def true_retention(
    *, months: int, horizon: int = 12, grace_days: int = 30, metric_age_limit: int = 12, customers: int = 400_000
) -> dict[str, object]:
    """Count retention at the horizon by NPS band in a large company with the same parameters and a seed of its own.

    Parameters
    ----------
    months, horizon : int
        Months observed, and months followed from the landmark on.
    grace_days : int
        A contract's end is an exit if more days than these stay uncovered.
    metric_age_limit : int
        Oldest answer that still counts, in calendar months before the landmark's.
    customers : int
        Size of the company counted.

    Returns
    -------
    dict
        The definitions, the landmark, and under ``entries`` one row per band and the top band minus the bottom one:
        ``term``, ``band``, ``estimand``, ``value``, ``unit``, ``mc_std_error``, ``n`` (customers counted). A
        value that cannot be counted is ``None``, with a ``reason``.

    Notes
    -----
    Customers of the simulated company are independent, so the Monte Carlo standard error is that of a proportion.
    """
    asked: dict[str, object] = {"metric": NPS.metric, "period": "month", "horizon": horizon, "grace_days": grace_days}
    asked |= {"metric_age_limit": metric_age_limit, "simulated_customers": customers, "definitions": DEFINITIONS}
    days = first_days(months)
    landmark = _landmark_month(days, horizon, grace_days)
    if landmark < 0:
        reason = f"{months} months are too few to follow anyone for {horizon} months and {grace_days} days of grace."
        return asked | {"landmark": None, "entries": [], "reason": reason}
    history = draw_history(customers=customers, months=months, seed=TRUTH_SEED, surveys=(NPS,))
    entries = _entries(history, landmark, horizon, grace_days, metric_age_limit)
    return asked | {"landmark": as_date(days[landmark]).isoformat(), "entries": entries}


def _entries(
    history: History, landmark: int, horizon: int, grace_days: int, metric_age_limit: int
) -> list[dict[str, object]]:
    """Count who stays, by band, and set the top band against the bottom one."""
    n, window = history.people.n, history.days[[landmark, landmark + horizon]]
    band = _bands(history.answers[0], n, int(window[0]), metric_age_limit)
    at_risk = _at_risk(history, landmark)
    kept = ~_left_within(history.contracts, n, window, grace_days)
    groups = [kept[at_risk & (band == i)] for i in range(len(BANDS))]
    entries = [_entry([group], name, horizon) for group, name in zip(groups, BANDS, strict=True)]
    return [*entries, _entry([groups[TOP], groups[BOTTOM]], f"{BANDS[TOP]} minus {BANDS[BOTTOM]}", horizon)]


def _landmark_month(days: Ints, horizon: int, grace_days: int) -> int:
    """Return the landmark's month, counted from 0; negative if the months are too few."""
    told = days[1:] <= days[-1] - 1 - grace_days
    return int(told.sum()) - horizon


def _at_risk(history: History, month: int) -> Flags:
    """Tell who has a contract open on the month's first day or beginning within it."""
    contracts = history.contracts
    open_then = (contracts.start < history.days[month + 1]) & (contracts.end >= history.days[month])
    at_risk = np.zeros(history.people.n, dtype=bool)
    at_risk[contracts.customer[open_then]] = True
    return at_risk


def _left_within(contracts: Contracts, n: int, window: Ints, grace_days: int) -> Flags:
    """Tell who exits from the window's first day to the day before its end."""
    inside = exits(contracts, grace_days) & (contracts.end >= window[0]) & (contracts.end < window[1])
    left = np.zeros(n, dtype=bool)
    left[contracts.customer[inside]] = True
    return left


def _bands(answers: Answers, n: int, landmark: int, age_limit: int) -> npt.NDArray[np.int64]:
    """Return each customer's position in ``BANDS`` from the last answer before the landmark."""
    before = answers.answered < landmark
    customer, score = answers.customer[before], answers.score[before]
    age = month_number(np.array([landmark])) - month_number(answers.answered[before])
    band = np.full(n, NEVER_ANSWERED)
    # Answers are in order of answering, and of several values for one customer the last is kept.
    band[customer] = np.where(age > age_limit, TOO_OLD, np.searchsorted(BAND_EDGES, score))
    return band


def _entry(kept: list[Flags], band: str, horizon: int) -> dict[str, object]:
    """Describe the retention of one group, or that of the first minus that of the second."""
    contrast = len(kept) == 2
    what = "share of the customers at risk at the landmark who do not exit"
    row: dict[str, object] = {
        "term": "top band minus bottom band" if contrast else "retention",
        "band": band,
        "estimand": f"NPS band {band}: {'difference in the ' if contrast else ''}{what} within {horizon} months.",
        "value": None,
        "unit": "difference in probability" if contrast else "probability",
        "mc_std_error": None,
        "n": sum(group.size for group in kept),
    }
    if not all(group.size for group in kept):
        return row | {"reason": "No customer is in the band." if not contrast else "One of the bands is empty."}
    shares = [float(group.mean()) for group in kept]
    error = math.sqrt(sum(p * (1 - p) / group.size for p, group in zip(shares, kept, strict=True)))
    value = shares[0] - shares[1] if contrast else shares[0]
    return row | {"value": round(value, 6), "mc_std_error": round(error, 6)}
