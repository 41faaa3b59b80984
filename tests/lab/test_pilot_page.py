"""What the page of a pilot's design says and holds."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pilot_company import steady_pilot

from coroi.lab.pilot_answer import Pilot
from coroi.lab.pilot_designs import BEFORE_AFTER, DESIGNS, HOLD_OUT, STAGED
from coroi.lab.pilot_names import size
from coroi.lab.pilot_outcomes import MONEY, RETENTION, SCORE
from coroi.lab.pilot_page import pieces, power_figure, render
from coroi.lab.pilot_power import Smallest
from coroi.lab.pilot_terms import assumptions, limits, method
from coroi.lab.pilot_words import answer, meaning, needed, sentence

META = {"plan": "small", "run": "design-0", "study": "design", "command": "coroi design plan.yaml", "seed": 1}
ODD = re.compile(
    r"\bnan\b|\bNone\b|\binf\b|\s\s|\.\.|: :|,,| \.|\( |\(\)|\b1 (?:customers|months|units|waves|points)\b"
)


@pytest.fixture
def pilot() -> Pilot:
    return steady_pilot()


def with_smallest(pilot: Pilot, outcome: str, design: str, **values: float) -> Pilot:
    found = tuple(
        replace(f, smallest=Smallest(**values)) if (f.outcome, f.design) == (outcome, design) else f
        for f in pilot.found
    )
    return replace(pilot, found=found)


def with_alarms(pilot: Pilot, design: str, share: float) -> Pilot:
    def louder(found):
        if found.design != design:
            return found
        curve = found.curve.copy()
        low, high = max(share - 0.02, 0), min(share + 0.02, 1)
        curve.loc[0, ["power", "conf_low", "conf_high", "smooth"]] = [share, low, high, share]
        return replace(found, curve=curve)

    return replace(pilot, found=tuple(map(louder, pilot.found)))


def texts(pilot: Pilot) -> list[str]:
    said = [sentence(pilot, o.name) for o in pilot.outcomes]
    said += [f"{a} {b}" for a, b in answer(pilot).card]
    return [*said, *meaning(pilot), *limits(pilot), *method(pilot), *assumptions(pilot).to_numpy().ravel()]


def test_the_answer_names_each_design_with_its_effect_interval_and_power(pilot):
    known = {"estimate": 0.0414, "std_error": 0.001, "conf_low": 0.0379, "conf_high": 0.0441}
    told = with_smallest(pilot, RETENTION, HOLD_OUT, **known)
    told = with_smallest(
        told, RETENTION, STAGED, **(known | {"estimate": 0.051, "conf_low": 0.049, "conf_high": 0.053})
    )
    told = with_alarms(told, BEFORE_AFTER, 0.4)
    assert sentence(told).startswith(
        "With 300 customers and 6 months, a hold-out would detect a rise in retention of 4.1 percentage points (3.8 to "
        "4.4) with 80\N{NO-BREAK SPACE}% power; a staged roll-out over 12 units in 4 waves one of 5.1 (4.9 to 5.3); a "
        "before–after cannot tell an effect from the calendar, which alone changed retention by "
    )


def test_a_design_that_cries_wolf_is_given_no_effect_in_any_place(pilot):
    loud = with_alarms(pilot, BEFORE_AFTER, 0.4)
    page = render(loud, META)
    assert "none: the calendar hides it" in page
    assert "40.0\N{NO-BREAK SPACE}%" in page
    found = loud.of(RETENTION, BEFORE_AFTER)
    assert size(loud, replace(found)) not in sentence(loud)
    assert "checked: does not hold" in set(assumptions(loud)["How it stands"])
    assert "would raise a false alarm in 30" in sentence(with_alarms(pilot, STAGED, 0.3))


def test_what_cannot_be_detected_is_told_with_the_largest_effect_tried(pilot):
    blind = {"estimate": np.inf, "std_error": np.inf, "conf_low": np.inf, "conf_high": np.inf}
    told = with_smallest(pilot, RETENTION, HOLD_OUT, **blind)
    assert "a hold-out would detect no effect up to" in sentence(told)
    assert "a staged roll-out over 12 units in 4 waves would detect a rise in retention of" in sentence(told)
    assert not any(ODD.search(t) for t in texts(told))
    assert "none up to" in render(told, META)


def test_every_sentence_is_whole(pilot):
    for some in (pilot, with_alarms(pilot, BEFORE_AFTER, 0.4)):
        assert [t for t in texts(some) if ODD.search(t)] == []
    assert all(t[0].isupper() and t.endswith(".") for t in [*meaning(pilot), *limits(pilot), *method(pilot)])


@pytest.mark.parametrize(
    ("outcome", "estimate", "low", "high", "expected"),
    [
        (RETENTION, 0.0589, 0.058, 0.0598, "5.9 percentage points (5.8 to 6.0)"),
        (SCORE, 0.3262, 0.3199, 0.332, "0.33 points (0.32 to 0.33)"),
        (MONEY, 3.259, 3.182, 3.318, "EUR\N{NO-BREAK SPACE}3.3 (3.2 to 3.3)"),
        (MONEY, 12345.0, 12010.0, 12660.0, "EUR\N{NO-BREAK SPACE}12,300 (12,000 to 12,700)"),
    ],
)
def test_sizes_have_the_figures_that_their_interval_supports(pilot, outcome, estimate, low, high, expected):
    told = with_smallest(pilot, outcome, HOLD_OUT, estimate=estimate, std_error=1.0, conf_low=low, conf_high=high)
    assert size(told, told.of(outcome, HOLD_OUT)) == expected


def test_a_metric_that_is_better_low_falls(pilot):
    assert "a fall in the mean NPS score" in sentence(replace(pilot, higher_is_better=False), SCORE)


def test_the_customers_needed_are_those_of_the_formula(pilot):
    base = pilot.outcomes[0].base
    z = 1.959964 + 0.841621
    expected = z**2 * 2 * (base * (1 - base) + (base + 0.01) * (1 - base - 0.01)) / 0.01**2
    assert needed(pilot) == pytest.approx(expected, rel=1e-3)


def test_the_page_has_no_code_but_figures_with_words_and_every_section(pilot):
    page = render(pilot, META, breadcrumbs=(("Reports", "../../index.html"),))
    assert 'id="show-code"' not in page
    assert page.count("<figure") == len(pilot.outcomes)
    for heading in ("What it means", "What each would cost", "Checks", "Assumptions", "Limits", "How this was made"):
        assert f">{heading}</h2>" in page
    for design in DESIGNS:
        assert design[:1].upper() + design[1:] in page
    assert 'href="http' not in page
    assert 'src="http' not in page
    assert render(pilot, META, breadcrumbs=(("Reports", "../../index.html"),)) == page


def test_alternative_text_tells_the_finding(pilot):
    picture = power_figure(pilot, RETENTION)
    assert "reaches 80" in picture.alt
    assert sum(not isinstance(p, str) for p in pieces(pilot)) > 10


def test_a_curve_that_drift_makes_fall_is_drawn_as_it_is(pilot, monkeypatch):
    drawn = {}

    def keep(ax, *, alt, caption):
        drawn.update({line.get_label(): line.get_ydata() for line in ax.get_axes()[0].get_lines()})
        return caption

    monkeypatch.setattr("coroi.lab.pilot_page.report.figure", keep)
    loud = with_alarms(pilot, BEFORE_AFTER, 0.9)
    power_figure(loud, RETENTION)
    assert drawn["Before–after"][0] == pytest.approx(90)
    assert drawn["Before–after"][1] < 60
    assert np.all(np.diff(drawn["Hold-out"]) >= 0)
