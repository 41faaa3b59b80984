"""Truths of the path that profit takes after a roll-out: early and late, its valley, when it breaks even."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coroi.company.clock import Floats
from coroi.company.effects import mean_and_error, part_values
from coroi.company.parts import COHORTS, NO_PRACTICES, NOTHING, ROLL_OUT, Part
from coroi.company.scenario import Intervention, Scenario

EARLY_MONTHS, LATE_MONTHS = 3, 6
RATES = (0.0, 0.10, 0.20)  # a year
PLAN_RATE = 0.10
MONEY = "EUR per customer"
WHO = COHORTS[ROLL_OUT].capitalize()
EFFECT = f"{WHO}: effect of the practices as rolled out, their costs counted, on"
PATH = Part(
    claim="C13",
    estimand="every practice as rolled out, less none",
    weights=((NOTHING, 1.0), (NO_PRACTICES, -1.0)),
    cohort=ROLL_OUT,
    measure="profit",
)


def path_truths(path: Floats, *, months: int, scenario: Scenario, customers: int) -> dict[str, list[dict[str, object]]]:
    """Read claims C13, C16 and C18 off the effect on profit by customer and month.

    Parameters
    ----------
    path : numpy.ndarray
        Effect by customer and month since the roll-out, shape (n_customers, n_months).
    months, customers : int
        Months and customers simulated; what stopping early forgoes is simulated anew.
    scenario : Scenario
        The company's scenario.
    """
    return {
        "C13": _early_and_late(path),
        "C16": _break_even(path),
        "C18": [*_valley(path), _forgone(path, months=months, scenario=scenario, customers=customers)],
    }


def _early_and_late(path: Floats) -> list[dict[str, object]]:
    n = path.shape[1]
    early = _money(f"profit of the first {EARLY_MONTHS} months", path[:, :EARLY_MONTHS].sum(axis=1))
    late = _money(
        f"mean monthly profit of the last {LATE_MONTHS} of {n} months", path[:, -LATE_MONTHS:].mean(axis=1), " a month"
    )
    monthly = path.mean(axis=0)
    below = np.flatnonzero(monthly < 0)
    crossed = None if below.size == 0 or below[-1] == n - 1 else int(below[-1]) + 2
    reason = f"Not within {n} months, or never lowered."
    when = _month("month from which the monthly profit is raised for good", crossed, reason)
    return [early, late, when]


def _break_even(path: Floats) -> list[dict[str, object]]:
    n = path.shape[1]
    even = _back_above_zero(np.cumsum(path.mean(axis=0) * discount(PLAN_RATE, n)))
    what = f"break-even horizon: months until profit discounted at {PLAN_RATE:.0%} a year is no longer below zero"
    entries = [_month(what, even, f"Not within {n} months.")]
    for rate in RATES:
        worth = path @ discount(rate, n)
        entries.append(_money(f"net present value over {n} months at {rate:.0%} a year", worth))
    return entries


def _valley(path: Floats) -> list[dict[str, object]]:
    total = np.cumsum(path, axis=1)
    trough = int(total.mean(axis=0).argmin())
    depth = _money("trough of the cumulative profit path", total[:, trough])
    if total[:, trough].mean() >= 0:
        depth |= {"value": None, "mc_std_error": None, "reason": "The path never falls below zero."}
    end = _back_above_zero(total.mean(axis=0))
    return [
        depth,
        _month("month of the trough of the cumulative profit path", trough + 1, ""),
        _month("month in which the cumulative profit is back above zero", end, f"Not within {path.shape[1]} months."),
    ]


def _forgone(path: Floats, *, months: int, scenario: Scenario, customers: int) -> dict[str, object]:
    """Simulate what stopping at the trough would have brought, and set it against going on."""
    trough = int(np.cumsum(path.mean(axis=0)).argmin())
    part = replace(PATH, weights=((NOTHING, 1.0), ("stopped", -1.0)))
    worlds = {NOTHING: Intervention(), "stopped": Intervention(stopped_after=trough + 1)}
    values = part_values([part], months=months, scenario=scenario, customers=customers, interventions=worlds)[part]
    what = f"{WHO}: profit within {path.shape[1]} months with the practices as rolled out, less stopped at the trough."
    return {"estimand": what, "unit": MONEY} | mean_and_error(values.sum(axis=1))


def discount(rate: float, months: int) -> Floats:
    """Return what money of each month is worth in the first, at a rate per year, shape (n_months,)."""
    return np.asarray((1 + rate) ** (-np.arange(months) / 12))


def _back_above_zero(total: Floats) -> int | None:
    """Return the month, counted from 1, after the last one below zero; nothing if that is the path's last."""
    below = np.flatnonzero(total < 0)
    if below.size == 0:
        return 1
    return None if below[-1] == total.size - 1 else int(below[-1]) + 2


def _money(what: str, values: Floats, per: str = "") -> dict[str, object]:
    return {"estimand": f"{EFFECT} {what}.", "unit": MONEY + per} | mean_and_error(values) | {"n": values.size}


def _month(what: str, month: int | None, reason: str) -> dict[str, object]:
    row: dict[str, object] = {"estimand": f"{EFFECT} profit: {what}.", "unit": "months since the roll-out"}
    row |= {"value": month, "mc_std_error": None}
    return row if month is not None else row | {"reason": reason}
