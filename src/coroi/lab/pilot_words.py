"""The sentences of a pilot's page, made from what was found."""

from __future__ import annotations

import numpy as np
from scipy import stats

from coroi.lab.pilot_answer import Pilot
from coroi.lab.pilot_designs import BEFORE_AFTER, DESIGNS, HOLD_OUT, UNADJUSTED, Found, held_out
from coroi.lab.pilot_names import cost, counted, drift, largest, lots, name, people, rise, size, wait
from coroi.lab.pilot_outcomes import MONEY, RETENTION, SCORE
from coroi.lab.pilot_result import cries_wolf, false_alarms, grade_of, tells
from coroi.report import Answer
from coroi.report.words import (
    grade_phrase,
    join_words,
    number,
    percent,
    percent_interval,
    plural,
    points,
)


def answer(pilot: Pilot) -> Answer:
    """Return the page's first sentence and its card."""
    card = [(_begin(design), card_row(pilot, design)) for design in DESIGNS]
    card.append(("Customers", people(pilot)))
    card.append(("Intervals", "95 %, the error of simulating; how sure the data are of their own rates is not in them"))
    return Answer(sentence=sentence(pilot), card=tuple(card))


def sentence(pilot: Pilot, outcome: str = RETENTION) -> str:
    """Say in one sentence what each design would detect."""
    who = f"With {_who(pilot, outcome)} and {wait(pilot)}"
    power = f"with {percent(pilot.options.power)} power"
    first, second, third = (pilot.of(outcome, d) for d in DESIGNS)
    if first.reason and first.reason == second.reason == third.reason:
        return f"{who}, no design can be judged, because {first.reason}."
    over = f" {lots(pilot)}" if second.smallest is not None else ""
    said = [f"a hold-out {_would(pilot, first)}", f"a staged roll-out{over} {_would(pilot, second)}"]
    if tells(pilot, first):
        said[0] += f" {power}"
        if tells(pilot, second):
            said[1] = f"a staged roll-out {lots(pilot)} one of {size(pilot, second, short=True)}"
    elif tells(pilot, second):
        said[1] += f" {power}"
    return f"{who}, {said[0]}; {said[1]}; a before–after {_would(pilot, third)}."


def card_row(pilot: Pilot, design: str, outcome: str = RETENTION) -> str:
    """Sum a design up: smallest effect, false alarms, cost, grade."""
    found = pilot.of(outcome, design)
    said = [f"{size(pilot, found)} or more" if tells(pilot, found) else _begin(_would(pilot, found))]
    if len(found.curve):
        said.append(f"false alarms {percent(false_alarms(found)[0], 1)}")
    if np.isfinite(pilot.bills[design].cost):
        said.append(cost(pilot, design))
    said.append(f"at best grade {grade_words(pilot, found)}")
    return "; ".join(said)


def grade_words(pilot: Pilot, found: Found) -> str:
    """Write the best grade that a design could reach, and why it is no better."""
    grade = grade_of(pilot, found)
    return grade_phrase(grade) if grade != "D" else "D: nothing but the time before to compare with"


def needed(pilot: Pilot) -> int | None:
    """Return the customers with whom a hold-out would detect the plan's smallest effect on retention.

    Notes
    -----
    By the normal formula with unpooled variances; ``None`` where so much cannot be won, or the share may not be told.
    """
    base, effect, held = pilot.outcomes[0].base, pilot.smallest_effect, pilot.options.holdout_share
    if np.isnan(base) or base + effect > 1:
        return None
    quantiles = stats.norm.ppf(1 - pilot.options.alpha / 2) + stats.norm.ppf(pilot.options.power)
    variance = base * (1 - base) / held + (base + effect) * (1 - base - effect) / (1 - held)
    return int(np.ceil(quantiles**2 * variance / effect**2))


def meaning(pilot: Pilot) -> tuple[str, ...]:
    """Say what the answer means, what it does not, and what would change it."""
    found, base = pilot.of(RETENTION, HOLD_OUT), pilot.outcomes[0].base
    held = held_out(pilot.n, pilot.options.holdout_share)
    treated = pilot.n - held
    do = "buy again" if pilot.relationship == "repeat_purchase" else "stay"
    paragraphs = []
    if tells(pilot, found):
        assert found.smallest is not None
        more = number(found.smallest.estimate * treated)
        paragraphs.append(
            f"Without a programme about {number(base * treated)} of {number(treated)} treated customers would {do} for "
            f"{wait(pilot)}, as {percent(base, 1)} did in the data. A programme that makes it about {more} more would "
            f"be told from chance by comparing them with {number(held)} customers who are held out by lot."
        )
        missed = percent(1 - pilot.options.power)
        paragraphs.append(
            f"An effect of just this size would still be missed in {missed} of pilots, and a smaller one more often: a "
            "pilot that detects nothing does not show that there is nothing. Of the smaller effects that are detected "
            "by luck, the estimates are too large."
        )
    else:
        paragraphs.append(f"A hold-out of {plural(pilot.n, 'customer')} {_would(pilot, found)}.")
    n = needed(pilot)
    if n is not None:
        paragraphs.append(
            f"The plan calls {points(pilot.smallest_effect, _digits(pilot.smallest_effect))} the smallest effect that "
            f"matters. To detect it, a hold-out would need about {_rounded(n)} customers, by the usual formula. Four "
            "times as many customers halve the smallest effect; nothing else in a pilot's hands does as much."
        )
    return tuple(paragraphs)


def adjustment(pilot: Pilot, outcome: str) -> str:
    """Say what adjusting for what was known before does to the hold-out; empty for retention, where it is not done."""
    if outcome == RETENTION:
        return ""
    plain, better = pilot.of(outcome, UNADJUSTED), pilot.of(outcome, HOLD_OUT)
    if not (tells(pilot, plain) and tells(pilot, better)):
        return ""
    before = "earlier score" if outcome == SCORE else f"{pilot.money} before"
    return (
        f"The hold-out and the staged roll-out are adjusted for each customer's {before}. Without that the hold-out "
        f"would detect {size(pilot, plain)} instead of {size(pilot, better)}."
    )


def _would(pilot: Pilot, found: Found) -> str:
    """Say what a design would do, after its name."""
    if found.smallest is None:
        return f"cannot be judged, because {found.reason}"
    if tells(pilot, found):
        return f"would detect {rise(pilot, found.outcome)} of {size(pilot, found)}"
    if not cries_wolf(pilot, found):
        return f"would detect no effect up to {largest(pilot, found)} with {percent(pilot.options.power)} power"
    if found.design != BEFORE_AFTER:
        return f"would raise a false alarm in {percent(false_alarms(found)[0])} of pilots"
    return (
        f"cannot tell an effect from the calendar, which alone changed {name(pilot, found.outcome)} by "
        f"{drift(pilot, found)}"
    )


def alarm_words(found: Found) -> str:
    """Write the share of false alarms with its interval in one cell."""
    if not len(found.curve):
        return "not known"
    share, low, high = false_alarms(found)
    return f"{percent(share, 1)} ({percent_interval(low, high, decimals=1)})"


def missing_words(pilot: Pilot) -> str:
    """Say which outcomes could not be looked at, and why."""
    names = {SCORE: name(pilot, SCORE), MONEY: "money per customer"}
    return " ".join(f"Nothing is said of {names[n]}: {why}." for n, why in pilot.missing.items())


def designs_words(pilot: Pilot) -> tuple[str, ...]:
    """Say what each design does and what it is compared with."""
    held = held_out(pilot.n, pilot.options.holdout_share)
    starts = np.cumsum((0, *pilot.lengths))[:-1] + 1
    when = join_words([number(float(s)) for s in starts])
    level = percent(pilot.options.alpha, _digits(pilot.options.alpha))
    drawn = f"{plural(pilot.n_units, 'unit')} are" if pilot.n_units else "Customers are"
    test = (
        "by drawing the lots of units again"
        if pilot.n_units
        else "with an error that lets a customer's steps go together"
    )
    return (
        f"Hold-out: {number(pilot.n - held)} customers drawn by lot are treated from the first day, {number(held)} are "
        f"not. After {wait(pilot)} the two shares or means are compared; two-sided test at {level}.",
        f"Staged roll-out: {drawn} drawn by lot into {plural(pilot.waves, 'wave')}. The waves begin in {pilot.period} "
        f"{when} of the pilot, the last one when the answer is read. Within each step the treated are compared with "
        f"those not yet treated, so that the calendar cannot mislead; the test is made {test}.",
        "Before–after: everybody is treated. The horizon after the start is compared with the one before it, with an "
        "error by customer. There is no control: whatever else changes meanwhile counts as an effect.",
    )


def _who(pilot: Pilot, outcome: str) -> str:
    who = counted(pilot, outcome)
    if outcome != SCORE:
        return who
    return f"the answers of {who}" if pilot.few_silent else f"{who} who answer"


def _digits(share: float) -> int:
    return len(f"{100 * share:.6f}".rstrip("0").partition(".")[2])


def _rounded(n: int) -> str:
    place = 1 - int(np.floor(np.log10(n)))
    return number(float(round(n, place)))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
