"""Effects that are true: one company simulated under two interventions with equal chance, customer by customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from coroi.company.clock import Flags, Floats, Ints, first_days
from coroi.company.history import History, block_sizes, draw_history
from coroi.company.measures import (
    FOLLOWED_MONTHS,
    event_months,
    halves_by_dependence,
    kept,
    months_told,
    path_of,
    referrals_made,
    score_after,
    there_at_start,
    trust_after,
    unit_start,
)
from coroi.company.parts import (
    COHORTS,
    FIRST_ADVICE,
    FIRST_MONTH,
    INTERVENTIONS,
    LESS_DEPENDENT,
    LOW_SCORE,
    MEASURES,
    MORE_DEPENDENT,
    ROLL_OUT,
    Part,
)
from coroi.company.programme import FOREVER, PRACTICES
from coroi.company.scenario import Intervention, Scenario, World
from coroi.company.truth import TRUTH_SEED

SCORE_SOON_MONTHS = 3
STARTED = {FIRST_MONTH: 0, MORE_DEPENDENT: 0, LESS_DEPENDENT: 0, LOW_SCORE: 1, FIRST_ADVICE: 1}
Cohort = tuple[Ints, Flags]
"""Month from which each customer is followed, and who belongs to it."""


def part_values(
    parts: Iterable[Part],
    *,
    months: int,
    scenario: Scenario,
    customers: int,
    interventions: Mapping[str, Intervention] = INTERVENTIONS,
) -> dict[Part, Floats]:
    """Simulate every world and return each part's value by customer.

    Parameters
    ----------
    parts : iterable of Part
        What is asked.
    months : int
        Months simulated.
    scenario : Scenario
        The company's scenario.
    customers : int
        Customers simulated, in companies of one block with a roll-out each.
    interventions : mapping of str to Intervention
        The worlds that the parts name.

    Returns
    -------
    dict of Part to numpy.ndarray
        One number per customer of the cohort, shape (n,); of a part whose measure is `profit` one per month too,
        shape (n, n_months).

    Notes
    -----
    A cohort is fixed before anything differs between the worlds, or in the first month, so its members are the same.
    """
    values: dict[Part, list[Floats]] = defaultdict(list)
    asked = tuple(parts)
    for i, size in enumerate(block_sizes(customers)):
        base = draw_history(customers=size, months=months, seed=TRUTH_SEED + i, world=World(scenario=scenario))
        cohorts: dict[str, Cohort] = cohorts_of(base)
        total: dict[Part, Floats] = {part: np.zeros(1) for part in asked}
        for name in sorted({world for part in asked for world, _ in part.weights}):
            world = World(scenario=scenario, intervention=interventions[name])
            same = world == World(scenario=scenario)
            history = base if same else draw_history(customers=size, months=months, seed=TRUTH_SEED + i, world=world)
            for part in asked:
                weight = dict(part.weights).get(name)
                if weight is not None:
                    total[part] = total[part] + weight * _measured(history, part.measure, cohorts[part.cohort])
        for part in asked:
            values[part].append(np.asarray(total[part]))
    return {part: np.concatenate(found) for part, found in values.items()}


def cohorts_of(history: History) -> dict[str, Cohort]:
    """Return every cohort: the month from which each customer is followed, and who belongs to it."""
    start, there, n = unit_start(history), there_at_start(history), history.people.n
    trigger = 1 + _first_month([month.customer for month in history.follow_ups], n)
    advised = _first_month([month.customer for month in history.advice], n)
    triggered, asked = (first + FOLLOWED_MONTHS <= months_told(history.days) for first in (trigger, advised))
    practice = history.roll_out.practice[history.people.unit]
    by_practice = {name: (start, there & (practice == i)) for i, name in enumerate(PRACTICES)}
    others = {ROLL_OUT: (start, there), LOW_SCORE: (trigger, triggered), FIRST_ADVICE: (advised, asked)}
    first = np.zeros(n, dtype=np.int64)
    more, less = halves_by_dependence(history)
    of_first = {FIRST_MONTH: history.here[0], MORE_DEPENDENT: more, LESS_DEPENDENT: less}
    return by_practice | others | {name: (first, members) for name, members in of_first.items()}


def _first_month(events: list[Ints], n: int) -> Ints:
    """Return the first month with an event of each customer; a far one where there is none."""
    first = np.full(n, FOREVER)
    for month in reversed(range(len(events))):
        first[events[month]] = month
    return first


def hindrance(part: Part, months: int, last_start: int) -> str:
    """Say why so few months cannot define a part; empty where they can.

    Parameters
    ----------
    part : Part
        What is asked.
    months : int
        Months simulated.
    last_start : int
        Month in which the last unit begins.
    """
    told = months_told(first_days(months))
    needed = FOLLOWED_MONTHS + STARTED.get(part.cohort, last_start)
    if told >= needed:
        return ""
    return f"{months} months are too few to follow {COHORTS[part.cohort]} for {FOLLOWED_MONTHS} months."


def entry(part: Part, values: Floats) -> dict[str, object]:
    """Describe a part's truth and its Monte Carlo standard error."""
    words, unit = MEASURES[part.measure]
    told = f"{COHORTS[part.cohort].capitalize()}: {words}; {part.estimand}."
    if part.measure == "profit":
        told = told.replace("profit,", f"profit within {values.shape[1]} months,")
        values = values.sum(axis=1)
    if values.size < 2:
        return {"estimand": told, "value": None, "unit": unit, "mc_std_error": None, "reason": "Nobody is in it."}
    return {"estimand": told, "unit": unit} | mean_and_error(values) | {"n": values.size}


def halves_apart(values: Mapping[Part, Floats]) -> list[dict[str, object]]:
    """Set the effects among the more dependent half of the customers against those among the other half, for C11."""
    found = []
    for part in (each for each in values if each.cohort == MORE_DEPENDENT):
        other = replace(part, cohort=LESS_DEPENDENT)
        more, less = entry(part, values[part]), entry(other, values[other])
        words, unit = MEASURES[part.measure]
        told = f"{COHORTS[MORE_DEPENDENT].capitalize()}, less those with the median at most: {words}; {part.estimand}."
        row: dict[str, object] = {"estimand": told, "unit": unit, "value": None, "mc_std_error": None}
        if "reason" in more or "reason" in less:
            found.append(row | {"reason": "One of the halves is empty."})
            continue
        errors = [float(values[each].std(ddof=1)) / np.sqrt(values[each].size) for each in (part, other)]
        value, error = float(values[part].mean() - values[other].mean()), float(np.hypot(*errors))
        n = values[part].size + values[other].size
        found.append(row | {"value": round(value, 6), "mc_std_error": round(error, 6), "n": n})
    return found


def mean_and_error(values: Floats) -> dict[str, object]:
    """Return the mean over customers and its Monte Carlo standard error."""
    error = float(values.std(ddof=1)) / np.sqrt(values.size)
    return {"value": round(float(values.mean()), 6), "mc_std_error": round(float(error), 6)}


def _measured(history: History, measure: str, cohort: Cohort) -> Floats:
    since, members = cohort
    if measure == "kept":
        return kept(history, since)[members]
    if measure == "score":
        return score_after(history, since, FOLLOWED_MONTHS)[members]
    if measure == "score soon":
        return score_after(history, since, SCORE_SOON_MONTHS)[members]
    if measure == "trust soon":
        return trust_after(history, since, SCORE_SOON_MONTHS)[members]
    if measure == "profit":
        return path_of(history.profit, since, event_months(history))[members]
    return np.asarray(path_of(_by_month(history, measure), since, FOLLOWED_MONTHS)[members].sum(axis=1))


def _by_month(history: History, measure: str) -> Floats:
    """Return what is summed over a year, by month and customer."""
    if measure == "year's referrals":
        return referrals_made(history)
    if measure == "year's revenue":
        return history.revenue
    return history.profit if measure == "year's profit" else history.earned - history.serving
