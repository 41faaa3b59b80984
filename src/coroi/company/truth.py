"""What the study `retention` ought to find, counted in a far larger company."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from coroi.company.clock import Flags, Ints, as_date, first_days, month_number
from coroi.company.history import History, block_sizes, draw_history
from coroi.company.responses import NPS, Answers
from coroi.company.scenario import SCENARIOS, World
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
    *,
    months: int,
    scenario: str = "baseline",
    horizon: int = 12,
    grace_days: int = 30,
    metric_age_limit: int = 12,
    customers: int = 200_000,
) -> dict[str, object]:
    """Count retention at the horizon by NPS band in a large company with the same parameters and a seed of its own.

    Parameters
    ----------
    months : int
        Months observed.
    scenario : str
        A key of ``SCENARIOS``.
    horizon : int
        Months followed from the landmark on.
    grace_days : int
        A contract's end is an exit if more days than these stay uncovered.
    metric_age_limit : int
        Oldest answer that still counts, in calendar months before the landmark's.
    customers : int
        Size of the company counted.

    Returns
    -------
    dict
        The definitions, the landmark, and under ``entries`` one row per band, the top band minus the bottom one, and
        the gain at the top of the scale less the gain before it: ``term``, ``band``, ``estimand``, ``value``,
        ``unit``, ``mc_std_error``, ``n`` (customers counted). A
        value that cannot be counted is ``None``, with a ``reason``.

    Notes
    -----
    Customers of the simulated company are independent, so the Monte Carlo standard error is that of a proportion.
    """
    asked: dict[str, object] = {"metric": NPS.metric, "period": "month", "horizon": horizon, "grace_days": grace_days}
    asked |= {"metric_age_limit": metric_age_limit, "simulated_customers": customers, "definitions": DEFINITIONS}
    days = first_days(months)
    landmark = landmark_month(days, horizon, grace_days)
    if landmark < 0:
        reason = f"{months} months are too few to follow anyone for {horizon} months and {grace_days} days of grace."
        return asked | {"landmark": None, "entries": [], "reason": reason}
    counted = [
        _band_counts(history, landmark, horizon, grace_days, metric_age_limit)
        for history in truth_blocks(customers, months, World(scenario=SCENARIOS[scenario]))
    ]
    counts = np.sum(counted, axis=0)
    return asked | {"landmark": as_date(days[landmark]).isoformat(), "entries": _entries(counts, horizon)}


def truth_blocks(customers: int, months: int, world: World) -> Iterator[History]:
    """Draw companies of one block each until there are enough customers, each with a roll-out of its own."""
    for i, size in enumerate(block_sizes(customers)):
        yield draw_history(customers=size, months=months, seed=TRUTH_SEED + i, world=world)


def _band_counts(
    history: History, landmark: int, horizon: int, grace_days: int, metric_age_limit: int
) -> npt.NDArray[np.int64]:
    """Count by band who is at risk and who stays, shape (n_bands, 2)."""
    n, window = history.people.n, history.days[[landmark, landmark + horizon]]
    band = nps_bands(history.answers[0], n, int(window[0]), metric_age_limit)
    at_risk = at_risk_in(history, landmark)
    kept = ~_left_within(history.contracts, n, window, grace_days)
    shapes = [np.bincount(band[who], minlength=len(BANDS)) for who in (at_risk, at_risk & kept)]
    return np.column_stack(shapes)


def _entries(counts: npt.NDArray[np.int64], horizon: int) -> list[dict[str, object]]:
    """Say who stays, by band, and set the bands against each other."""
    middle, each = (BOTTOM + TOP) // 2, range(len(BANDS))
    entries = [_entry("retention", BANDS[i], {i: 1}, counts, horizon) for i in each]
    contrast = f"{BANDS[TOP]} minus {BANDS[BOTTOM]}"
    ladder = f"{BANDS[TOP]} minus {BANDS[middle]}, less {BANDS[middle]} minus {BANDS[BOTTOM]}"
    entries.append(_entry("top band minus bottom band", contrast, {TOP: 1, BOTTOM: -1}, counts, horizon))
    weights = {TOP: 1, middle: -2, BOTTOM: 1}
    return [*entries, _entry("gain at the top less the gain before it", ladder, weights, counts, horizon)]


def landmark_month(days: Ints, horizon: int, grace_days: int) -> int:
    """Return the landmark's month, counted from 0; negative if the months are too few."""
    told = days[1:] <= days[-1] - 1 - grace_days
    return int(told.sum()) - horizon


def at_risk_in(history: History, month: int) -> Flags:
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


def nps_bands(answers: Answers, n: int, landmark: int, age_limit: int) -> npt.NDArray[np.int64]:
    """Return each customer's position in ``BANDS`` from the last answer before the landmark."""
    before = answers.answered < landmark
    customer, score = answers.customer[before], answers.score[before]
    age = month_number(np.array([landmark])) - month_number(answers.answered[before])
    band = np.full(n, NEVER_ANSWERED)
    # Answers are in order of answering, and of several values for one customer the last is kept.
    band[customer] = np.where(age > age_limit, TOO_OLD, np.searchsorted(BAND_EDGES, score))
    return band


def _entry(
    term: str, band: str, weights: dict[int, int], counts: npt.NDArray[np.int64], horizon: int
) -> dict[str, object]:
    """Describe a weighted sum of the retention of bands."""
    contrast = len(weights) > 1
    what = "share of the customers at risk at the landmark who do not exit"
    n, kept = counts[list(weights)].T
    row: dict[str, object] = {
        "term": term,
        "band": band,
        "estimand": f"NPS band {band}: {'difference in the ' if contrast else ''}{what} within {horizon} months.",
        "value": None,
        "unit": "difference in probability" if contrast else "probability",
        "mc_std_error": None,
        "n": int(n.sum()),
    }
    if not n.all():
        return row | {"reason": "One of the bands is empty." if contrast else "No customer is in the band."}
    share, weight = kept / n, np.array(list(weights.values()))
    error = math.sqrt(float((weight**2 * share * (1 - share) / n).sum()))
    return row | {"value": round(float(weight @ share), 6), "mc_std_error": round(error, 6)}
