"""What comes after the observed periods: against loops, with shared errors, and in words."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.errors import DataError
from coroi.inference.influence import influence_covariance
from coroi.roi.flows import join_lines, known_line
from coroi.roi.present_value import present_value
from coroi.roi.run_out import extend, extension_grid, extension_words
from money_lines import drawn_line, joined, months

PATH = [0.0, 1.0, 2.0, 3.0, 4.0]
COSTS = {"programme": [-6.0, -1.0, -1.0, -2.0, -3.0], "launch": [-9.0, 0.0, 0.0, 0.0, 0.0]}


@pytest.fixture
def flows():
    known = [known_line(name, np.array(amounts)) for name, amounts in COSTS.items()]
    return joined(drawn_line("retention", PATH, 1), drawn_line("spend", PATH, 2), *known)


def test_lines_go_on_as_a_loop_carries_them(flows):
    longer = extend(flows, n_periods=4, how="fades", half_life=2.0, costs=["programme"], last=2)
    expected = {name: list(flows.line(name).estimate) for name in flows.names}
    for k in range(1, 5):
        for name in ("retention", "spend"):
            expected[name].append(3.5 * 0.5 ** (k / 2))
        expected["programme"].append(-2.5)
        expected["launch"].append(0.0)
    np.testing.assert_allclose(longer.estimate, [expected[name] for name in flows.names], rtol=1e-12)
    assert longer.periods == months(9)
    assert (longer.df, longer.currency, longer.names) == (flows.df, "EUR", flows.names)


def test_errors_are_those_of_the_influence_carried_on_by_hand():
    lines = [drawn_line("retention", PATH, 1), drawn_line("spend", PATH, 1)]
    longer = extend(joined(*lines), n_periods=3, how="fades", half_life=1.0, last=2)
    moved = sum(line.moved.to_numpy() for line in lines)
    mean = moved[:, -2:].mean(axis=1, keepdims=True)
    by_hand = np.hstack([moved, mean / 2, mean / 4, mean / 8])
    np.testing.assert_allclose(longer.total.covariance, influence_covariance(by_hand), rtol=1e-10, atol=1e-15)


def test_an_effect_that_stays_is_one_that_fades_for_ever(flows):
    stays = extend(flows, n_periods=6, how="stays", costs=["programme"])
    slow = extend(flows, n_periods=6, how="fades", half_life=1e12, costs=["programme"])
    np.testing.assert_allclose(stays.estimate, slow.estimate, rtol=1e-9)
    np.testing.assert_allclose(stays.line("retention").estimate[5:], 3.0, rtol=1e-12)
    none = extend(flows, n_periods=6, how="none", costs=["programme"])
    assert not none.estimate[:, 5:].any() and none.total.covariance[5:].any() == np.False_
    same = extend(flows, n_periods=0, how="stays")
    np.testing.assert_array_equal(same.estimate, flows.estimate)
    assert same.periods == flows.periods


def test_costs_never_fade_and_an_amount_that_is_given_is_known(flows):
    fades = extend(flows, n_periods=3, how="fades", half_life=0.1, costs=["programme"])
    np.testing.assert_allclose(fades.line("programme").estimate[5:], -2.0, rtol=1e-12)
    given = extend(flows, n_periods=3, how="stays", costs=["programme"], amounts={"programme": -7.0})
    np.testing.assert_array_equal(given.line("programme").estimate[5:], [-7.0, -7.0, -7.0])
    serve = joined(drawn_line("retention", PATH, 1), drawn_line("cost to serve", [-1.0] * 5, 3))
    kept = extend(serve, n_periods=2, how="none", costs=["cost to serve"], amounts={"cost to serve": -2.0})
    assert not kept.estimate[:, 5:].any()
    kept = extend(serve, n_periods=2, how="stays", costs=["cost to serve"], amounts={"cost to serve": -2.0})
    assert not kept.line("cost to serve").covariance[5:].any() and kept.line("retention").covariance[5:].any()


def test_the_assumption_is_told_line_by_line(flows):
    assert extension_words(flows, n_periods=12, how="none") == (
        "Nothing is counted after the last observed period: effects and costs end at once."
    )
    assert extension_words(flows, n_periods=12, how="fades", half_life=6, costs=["programme"]) == (
        "For 12 periods after the last observed one, effects (retention, spend) start from the mean of the last 3 "
        "observed periods and halve every 6 periods. programme goes on at the mean of the last 3 observed periods, "
        "for 12 periods. launch ends with the last observed period."
    )
    said = extension_words(flows, n_periods=1, how="stays", costs=["programme"], amounts={"programme": -1200.0}, last=1)
    assert "For 1 period after" in said and "stay at the last observed period" in said
    assert "programme goes on at −1,200 a period, for 1 period." in said


def test_values_are_given_under_each_assumption(flows):
    rows = extension_grid(
        flows, n_periods=(6, 12), half_lives=(3.0, 12.0), rate_annual=0.1, per_year=12, costs=["programme"]
    )
    assert list(rows["how"]) == ["none", *["fades", "fades", "stays"] * 2]
    assert list(rows["n_periods"]) == [0, 6, 6, 6, 12, 12, 12]
    assert rows["estimate"][0] == present_value(flows.total, rate_annual=0.1, per_year=12)["estimate"]
    six = rows[rows["n_periods"] == 6].set_index("how")["estimate"]
    assert six["fades"].is_monotonic_increasing and six["fades"].max() < six["stays"]
    longer = extend(flows, n_periods=12, how="stays", costs=["programme"])
    assert rows["conf_low"].iloc[-1] == present_value(longer.total, rate_annual=0.1, per_year=12)["conf_low"]
    assert rows["assumption"].is_unique


@pytest.mark.parametrize(
    ("first", "following"),
    [
        (("2024-01-29", "2024-02-05"), ("2024-02-12", "2024-02-19")),
        (("2024-10-01", "2024-11-01"), ("2024-12-01", "2025-01-01")),
        (("2024-04-01", "2024-07-01"), ("2024-10-01", "2025-01-01")),
        (("2023-01-01", "2024-01-01"), ("2025-01-01", "2026-01-01")),
    ],
)
def test_periods_go_on_by_the_calendar(first, following):
    flows = join_lines([known_line("x", np.ones(2))], currency="EUR", periods=first)
    assert extend(flows, n_periods=2, how="none", last=2).periods == first + following


@pytest.mark.parametrize("periods", [("2024-01-01",), ("2024-01-01", "2024-03-01"), ("2024-01-02", "2024-02-02")])
def test_periods_that_do_not_tell_their_length_are_refused(periods):
    flows = join_lines([known_line("x", np.ones(len(periods)))], currency="EUR", periods=periods)
    with pytest.raises(DataError, match="do not tell their length"):
        extend(flows, n_periods=2, how="none", last=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_periods": -3, "how": "none"}, "-3 periods cannot be added"),
        ({"n_periods": 3, "how": "fade"}, r"no way 'fade' for effects to go on. Did you mean 'fades'\?"),
        ({"n_periods": 3, "how": "fades"}, "needs the periods in which it loses half"),
        ({"n_periods": 3, "how": "fades", "half_life": 0.0}, "a half-life above zero"),
        ({"n_periods": 3, "how": "stays", "costs": ["program"]}, r"no line 'program'. Did you mean 'programme'\?"),
        ({"n_periods": 3, "how": "stays", "amounts": {"programme": -1.0}}, "not among the costs that go on"),
        (
            {"n_periods": 3, "how": "stays", "costs": ["programme"], "amounts": {"programme": 5.0}},
            "programme: 5 a period is no cost",
        ),
        ({"n_periods": 3, "how": "stays", "last": 9}, "A mean of the last 9 of 5 periods: give 1 to 5"),
        ({"n_periods": 3, "how": "stays", "half_life": 2.0}, "only an effect that fades has a half-life"),
    ],
)
def test_options_that_contradict_are_refused(flows, options, said):
    with pytest.raises(DataError, match=said):
        extend(flows, **options)
