"""How a pilot's page names sizes, outcomes, people and costs."""

from __future__ import annotations

import numpy as np

from coroi.lab.pilot_answer import Pilot
from coroi.lab.pilot_designs import Found
from coroi.lab.pilot_outcomes import MONEY, RETENTION, SCORE
from coroi.report.privacy import fewer_than
from coroi.report.words import (
    NBSP,
    interval,
    money,
    money_interval,
    number,
    plural,
    points,
)


def size(pilot: Pilot, found: Found, *, short: bool = False) -> str:
    """Write a smallest effect with its interval."""
    assert found.smallest is not None
    s = found.smallest
    unit = 100 if found.outcome == RETENTION else 1
    value, low, high = (unit * x for x in (s.estimate, s.conf_low, s.conf_high))
    place = _place((high - low) / 2, value)
    if found.outcome == MONEY:
        text = f"{pilot.currency}{NBSP}{number(round(value, place), max(place, 0))}"
        low, high = (round(x, place) for x in (low, high))
    elif short:
        text = number(value, max(place, 0))
    else:
        text = points(s.estimate, max(place, 0)) if unit == 100 else f"{number(value, max(place, 0))} points"
    return f"{text} ({interval(low, high, decimals=max(place, 0))})"


def largest(pilot: Pilot, found: Found) -> str:
    """Write the largest effect that was tried."""
    most = float(found.curve["effect"].iloc[-1])
    if found.outcome == RETENTION:
        return points(most)
    return money(most, most / 2, pilot.currency) if found.outcome == MONEY else f"{number(most, 2)} points"


def rise(pilot: Pilot, outcome: str) -> str:
    """Name the change that is looked for: "a rise in retention", "a fall in mean service calls"."""
    if outcome == SCORE and not pilot.higher_is_better:
        return f"a fall in {name(pilot, outcome)}"
    return f"a rise in {name(pilot, outcome)}"


def name(pilot: Pilot, outcome: str) -> str:
    """Name an outcome."""
    if outcome == SCORE:
        return f"the mean {pilot.label} score"
    if outcome == MONEY:
        return f"{pilot.money} per customer"
    return "repeat purchase" if pilot.relationship == "repeat_purchase" else "retention"


def lots(pilot: Pilot) -> str:
    """Say over what the staged roll-out is drawn."""
    over = plural(pilot.n_units, "unit") if pilot.n_units else "customers"
    return f"over {over} in {plural(pilot.waves, 'wave')}"


def wait(pilot: Pilot) -> str:
    """Write how long the pilot lasts."""
    return plural(pilot.options.horizon, pilot.period)


def people(pilot: Pilot) -> str:
    """Say whose data the pilots are drawn from."""
    who = plural(pilot.n, "customer")
    if pilot.start is None:
        return f"{who} of a snapshot; what had happened by its date stands for what would happen within the pilot"
    being = "had bought lately" if pilot.relationship == "repeat_purchase" else "were under contract"
    since = f"in the {pilot.period} that begins on {pilot.start.day} {pilot.start:%B %Y}"
    units = f", in {plural(pilot.n_units, 'unit')}" if pilot.n_units else ""
    return f"{who} who {being} {since}{units}"


def counted(pilot: Pilot, outcome: str) -> str:
    """Write how many customers count for an outcome; where few are left out, only that they are few."""
    if outcome == SCORE and pilot.few_silent:
        return f"all but {fewer_than(pilot.smallest_cell)} of {plural(pilot.n, 'customer')}"
    return plural(next(o.n for o in pilot.outcomes if o.name == outcome), "customer")


def cost(pilot: Pilot, design: str) -> str:
    """Write what a design costs."""
    amount = pilot.bills[design].cost
    return money(float(round(amount)), 0, pilot.currency)


def drift(pilot: Pilot, found: Found) -> str:
    """Write between what bounds the calendar alone moved an outcome."""
    assert found.observed is not None
    low, high = float(np.nanmin(found.observed)), float(np.nanmax(found.observed))
    where = " at the dates that can be shown" if np.isnan(found.observed).any() else ""
    if found.outcome == RETENTION:
        return f"{interval(100 * low, 100 * high, decimals=1)} percentage points{where}"
    if found.outcome == MONEY:
        return f"{money_interval(low, high, pilot.currency)}{where}"
    return f"{interval(low, high, decimals=2)} points{where}"


def _place(half: float, value: float) -> int:
    """Return the decimals that a half-width supports, 0.6 to 5.9 units of the last; below zero, zeros before it."""
    known = half if np.isfinite(half) and half > 0 else abs(value) / 100
    return int(np.clip(-np.floor(np.log10(known / 0.6)), -12, 6)) if known > 0 else 1
