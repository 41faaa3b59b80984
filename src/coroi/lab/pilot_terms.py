"""The terms on which a pilot's answer holds: assumptions, limits, method and references."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.lab.pilot_answer import Pilot
from coroi.lab.pilot_designs import BEFORE_AFTER, HOLD_OUT, STAGED
from coroi.lab.pilot_lots import MOST_UNITS
from coroi.lab.pilot_names import counted, drift, name, wait
from coroi.lab.pilot_outcomes import RETENTION, SCORE
from coroi.lab.pilot_result import cries_wolf
from coroi.report.words import number, percent, plural

_UNTESTABLE = "untestable"


def assumptions(pilot: Pilot) -> pd.DataFrame:
    """Return every assumption with how it stands and what is known of it."""
    since = "the snapshot" if pilot.start is None else f"{pilot.start:%B %Y}"
    rows = [
        (
            "The pilot's customers are like those in the data",
            _UNTESTABLE,
            f"Pilots are drawn, with replacement, from {plural(pilot.n, 'customer')} of {since}.",
        ),
        (
            "Lots are drawn, and kept to",
            "by design",
            "Who is treated is left to a lottery before the first day; everybody is analysed where the lot put them.",
        ),
        (
            "Customers and units do not influence each other",
            _UNTESTABLE,
            "Where a unit treats its customers alike, a hold-out by customer is spoilt; stage by unit.",
        ),
        (
            "The effect is there from the first day and stays as it is",
            _UNTESTABLE,
            "An effect that grows slowly has to end up larger to be detected; the estimates themselves stay right.",
        ),
        (
            f"The effect falls on {_fallen(pilot)} by chance",
            _UNTESTABLE,
            "No group is won over more easily than another.",
        ),
    ]
    if any(o.name == SCORE for o in pilot.outcomes):
        how = "as given" if pilot.options.response_rate is not None else "as in the data"
        share = counted(pilot, SCORE) if pilot.few_silent else percent(pilot.response_rate)
        rate = f"{share[:1].upper()}{share[1:]} answer within {wait(pilot)}, {how}."
        rows.append(("Treatment does not change who answers", _UNTESTABLE, rate))
    for design in (HOLD_OUT, STAGED):
        rows.append((f"The {design} does not see what is not there", *_level(pilot, design)))
    rows.append(("The calendar stands still for a before–after", *_calendar(pilot)))
    return pd.DataFrame(rows, columns=["Assumption", "How it stands", "What is known"])


def limits(pilot: Pilot) -> list[str]:
    """Return what the answer leaves out."""
    said = [
        "The intervals tell the error of simulating. The rates, spreads and correlations that the simulations start "
        "from are estimates of the data too, and the pilot's year may differ.",
        "Smallest effects are those of one test on one outcome. Several outcomes or several looks need a stricter "
        "level: give it by `--alpha`.",
        "What customers do after the horizon, and what the programme does to customers who join later, is not counted.",
        "The evidence grades are the best that a design could reach, if it is kept to and its checks pass.",
    ]
    if pilot.n_units:
        factor = float(np.sqrt(pilot.n_units / max(pilot.n_units - 1, 1)))
        said.append(
            f"Drawing from {plural(pilot.n_units, 'unit')} makes units look a little more alike than they are: the "
            f"staged roll-out's smallest effect may be larger by a factor of up to {number(factor, 2)}."
        )
    if pilot.units_aside:
        said.append(
            "The plan's units are left aside and the roll-out is staged by customer: so few customers are in them that "
            "the number of units would tell how many."
        )
    if pilot.n_without_unit:
        who = "Some customers" if pilot.few_without_unit else plural(pilot.n_without_unit, "customer")
        said.append(f"{who} without a unit {'is' if who == '1 customer' else 'are'} left out of the staged roll-out.")
    if pilot.waves != pilot.options.waves and pilot.start is not None:
        units = f" and {plural(pilot.n_units, 'unit')}" if pilot.n_units else ""
        said.append(
            f"{plural(pilot.options.waves, 'wave')} were asked for, {pilot.waves} are staged: more do not fit into "
            f"{wait(pilot)}{units}."
        )
    if pilot.start is None:
        said.append("A snapshot does not say over what time its customers left; take the horizon for that time.")
    return said


def method(pilot: Pilot) -> tuple[str, ...]:
    """Say how it was done, with the references."""
    units = (
        f"Units are drawn whole, with all their customers and the course of their year; up to {MOST_UNITS} units are "
        "tested by drawing the lots again, 500 times."
        if pilot.n_units
        else "Customers are drawn with the course of their year."
    )
    return (
        f"Each design was simulated {number(pilot.options.replications)} times at each of 13 sizes of the effect, none "
        f"among them. {units} An effect on {name(pilot, RETENTION)} wins over lost customers at random, just so many "
        "that the share rises by its size; one on the score moves answers up the scale as far as it goes, just so far "
        "that the mean moves by its size; one on money is added to every customer evenly over time.",
        "The smallest effect is where the share of pilots that reject, made never to fall, crosses the asked power, on "
        "the probit scale; its interval resamples whole pilots. Scores and money are adjusted for what was known "
        "before (Deng, Xu, Kohavi and Walker 2013, WSDM, sec. 3.2). The hold-out's test is Welch's (1947, Biometrika "
        "34:28–35), unpooled for shares.",
        "The staged roll-out compares treated with not-yet-treated units within each step (Thompson, Davey, Fielding, "
        "Hargreaves and Hayes 2018, Statistics in Medicine 37:2487–2500); regressions with unit and time effects "
        "mislead where effects grow (Goodman-Bacon 2021, Journal of Econometrics 225:254–277).",
        "The before–after was simulated from each date in the data that has a whole horizon on either side. The "
        "changes that these placebo dates show hold chance as well as drift; what chance explains of their mean square "
        "was taken off before pilots were drawn, so that chance does not count twice.",
    )


def _fallen(pilot: Pilot) -> str:
    return (
        "customers who would not have bought"
        if pilot.relationship == "repeat_purchase"
        else "customers who would leave"
    )


def _level(pilot: Pilot, design: str) -> tuple[str, str]:
    found = [pilot.of(o.name, design) for o in pilot.outcomes]
    run = [f for f in found if len(f.curve)]
    if not run:
        return "not checked", f"{found[0].reason[:1].upper()}{found[0].reason[1:]}."
    bad = any(cries_wolf(pilot, f) for f in run)
    shares = [float(f.curve["power"].iloc[0]) for f in run]
    told = percent(max(shares), 1)
    return (
        "checked: does not hold" if bad else "checked: holds",
        f"At most {told} of pilots without effect were called one.",
    )


def _calendar(pilot: Pilot) -> tuple[str, str]:
    found = pilot.of(RETENTION, BEFORE_AFTER)
    if found.observed is None:
        return "not checked", f"{found.reason[:1].upper()}{found.reason[1:]}."
    told = f"Between {plural(pilot.n_dates, 'placebo date')} {name(pilot, RETENTION)} changed by {drift(pilot, found)}."
    return "checked: does not hold" if cries_wolf(pilot, found) else "checked: no sign against it", told
