"""The lab of paybacks: truths counted by hand, what an oracle could know, and bars on shares of verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from coroi.claims import label_of
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.trend_bounds import check_trend_bounds
from coroi.lab.bar import standing
from coroi.lab.experiments import EXPERIMENTS, OWN
from coroi.lab.experiments.oracle import oracle_error, value_with_power
from coroi.lab.experiments.payback_worlds import (
    DELTA,
    FACTORS,
    HORIZON,
    LEVEL,
    PERIODS,
    RATE,
    SIZES,
    STARTS,
    WORLDS,
    draw,
    powered,
    truth_of,
    worlds,
)
from coroi.lab.experiments.paybacks import TIMED, _bounds_hold, guards_hold, line_in, path_in, verdict
from coroi.lab.replicate import own_stream
from coroi.lab.summary import summarise
from coroi.lab.validity import cells_of
from coroi.roi.payback import payback
from coroi.roi.present_value import present_value
from coroi.roi.valley import valley

PAYBACKS = EXPERIMENTS["paybacks"]


@pytest.fixture(scope="module")
def found():
    return dict(PAYBACKS.own_fit(own_stream("paybacks", 1)))


def test_every_estimand_is_found(found):
    names = [each.name for each in PAYBACKS.estimands]
    assert len(names) == len(set(names))
    assert set(found) == set(names)
    for name, each in found.items():
        assert not each.refused, name
        assert each.low <= each.estimate <= each.high, name
    for n in SIZES:
        assert {f"{term}[{name}, {n}]" for name in TIMED for term in ("value", "payback", "crossover", "forgone")} <= {
            *names
        }


def test_shares_are_a_yes_or_a_no_and_have_no_truth(found):
    truth = PAYBACKS.own_truth()
    shares = [e for e in PAYBACKS.estimands if e.name not in truth]
    assert {e.name.split("[")[0] for e in shares} == {
        *("pays", "pays, guards run", "consistent with", "cannot tell"),
        *("dip test", "payback, latest known", "crossover, latest known"),
    }
    for each in shares:
        assert found[each.name].low == found[each.name].high in (0.0, 1.0)
    barred = {e.name: e.at_most for e in PAYBACKS.estimands if e.at_most is not None}
    for n in SIZES:
        for name in ("null", "null, free", "overspend"):
            assert barred.pop(f"pays[{name}, {n}]") == 0.05
        assert barred.pop(f"pays, guards run[confounded, {n}]") == 0.05
        assert barred.pop(f"cannot tell[powered, {n}]") == 0.20
        assert barred.pop(f"dip test[null, free, {n}]") == 0.065
    assert not barred


def test_truths_are_those_that_are_counted_by_hand():
    for name, world in worlds(20).items():
        total, lowest, best, payback_at, crossing = 0.0, np.inf, 0.0, None, None
        sums, profits = [], []
        for k in range(HORIZON):
            profit = (world.path[k] if k < len(world.path) else world.path[-1]) - world.running
            profit -= world.set_up if k == 0 else 0.0
            total += profit * 1.1 ** (-k / 12)
            sums.append(total)
            profits.append(profit)
        for k in range(HORIZON):
            if payback_at is None and all(each >= -1e-12 for each in sums[k:]):
                payback_at = k
            if crossing is None and all(each >= -1e-12 for each in profits[k:]):
                crossing = k
            lowest, best = min(lowest, sums[k]), max(best, sums[-1] - sums[k])
        truth = truth_of(world)
        assert truth["value"] == pytest.approx(total), name
        assert truth["payback"] == (HORIZON if payback_at is None else payback_at), name
        assert truth["crossover"] == (HORIZON if crossing is None else crossing), name
        assert (truth["depth"], truth["forgone"]) == pytest.approx((lowest, best)), name
        assert truth["early"] == pytest.approx(sum(profits[:3]) / 3)
        assert truth["late"] == pytest.approx(sum(profits[3:]) / 9)


def test_worlds_are_what_their_names_say():
    told = {name: truth_of(world) for name, world in WORLDS.items()}
    assert told["baseline"]["value"] > DELTA
    assert told["dip"]["depth"] < told["baseline"]["depth"] < 0
    assert HORIZON > told["dip"]["payback"] > told["baseline"]["payback"]
    assert told["overspend"]["value"] < 0 < sum(WORLDS["overspend"].path)
    assert told["overspend"]["payback"] == told["null"]["payback"] == HORIZON
    assert told["null"]["value"] == told["confounded"]["value"] < 0 == told["null, free"]["value"]


def test_the_oracle_in_two_periods_is_the_textbook_one():
    first = np.array([1.0] * 4 + [np.nan] * 6)
    found = oracle_error(first, 2, np.ones(1), persistence=0.0, noise=1.5)
    assert found == pytest.approx(1.5 * np.sqrt(2 * (1 / 4 + 1 / 6)), rel=1e-12)
    lasting = oracle_error(first, 2, np.ones(1), persistence=0.6, noise=1.0)
    assert lasting == pytest.approx(np.sqrt(2 * 0.4 * (1 / 4 + 1 / 6)), rel=1e-12)


def test_the_oracle_is_as_far_off_as_it_says():
    """The regression written out with one dense covariance of all rows, on many draws."""
    n, draws = 20, 600
    lag = np.abs(np.subtract.outer(np.arange(PERIODS), np.arange(PERIODS)))
    inverse = np.linalg.inv(np.kron(np.eye(n), 0.5**lag))
    made, values, first = None, [], np.empty(0)
    for seed in range(draws):
        data = draw(np.random.default_rng(seed), WORLDS["dip"], n)
        data = data.sort_values(["first_treated", "entity", "period"], ignore_index=True)
        if made is None:
            since = (data["period"] - data["first_treated"]).to_numpy()
            columns = [since == h for h in range(PERIODS - min(STARTS))]
            columns += [np.arange(len(data)) // PERIODS == i for i in range(n)]
            columns += [data["period"].to_numpy() == t for t in range(1, PERIODS)]
            x = np.column_stack(columns).astype(float)
            made = np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse
            first = data["first_treated"].to_numpy()[::PERIODS]
        values.append(float(FACTORS @ (made @ data["outcome"].to_numpy())[:HORIZON]))
    error = oracle_error(first, PERIODS, FACTORS, persistence=0.5, noise=1.0)
    away = np.array(values) - float(FACTORS @ (WORLDS["dip"].profit + WORLDS["dip"].paid))
    assert abs(away.mean()) < 4 * error / np.sqrt(draws)
    assert away.std(ddof=1) == pytest.approx(error, rel=4 / np.sqrt(2 * draws))


def test_the_powered_world_has_the_power_that_it_is_named_for():
    for n in SIZES:
        frame, _ = draw_roll_out(np.random.default_rng(7), n=n, periods=PERIODS, starts=STARTS, path=(0.0,))
        first = frame.groupby("entity")["first_treated"].first().to_numpy()
        error = oracle_error(first, PERIODS, FACTORS, persistence=0.5, noise=1.0)
        half = stats.norm.ppf(1 - 0.05 / 3 / 2) * error
        value = truth_of(powered(n))["value"]
        assert stats.norm.sf((DELTA + half - value) / error) == pytest.approx(0.95, abs=1e-9)
    assert value_with_power(1.0, delta=0.0, level=0.95, power=0.5) == pytest.approx(1.959963984540054)
    assert pytest.approx(1 - 0.05 / 3) == LEVEL


def test_paybacks_are_those_of_the_engine_with_never_as_the_horizon(found):
    rng = own_stream("paybacks", 1)
    drawn = {name: draw(rng, world, SIZES[0]) for name, world in _before_guards(SIZES[0]).items()}
    for name in ("baseline", "dip", "overspend"):
        line = line_in(drawn[name], WORLDS[name])
        told, end = payback(line, rate_annual=RATE, per_year=12), valley(line, rate_annual=RATE, per_year=12).end
        assert (told.estimate, told.earliest, told.latest) == (end.estimate, end.low, end.high)
        own = found[f"payback[{name}, {SIZES[0]}]"]
        assert (own.estimate, own.low, own.high) == tuple(
            min(each, HORIZON) for each in (told.estimate, told.earliest, told.latest)
        )
        assert found[f"payback, latest known[{name}, {SIZES[0]}]"].estimate == float(np.isfinite(told.latest))


def _before_guards(n):
    return {name: world for name, world in worlds(n).items() if name in ("baseline", "dip", "overspend")}


def test_what_is_drawn_moves_the_estimate_by_exactly_what_it_brings():
    line = line_in(draw(np.random.default_rng(5), WORLDS["null, free"], 20), WORLDS["null, free"])
    other = line_in(draw(np.random.default_rng(5), WORLDS["dip"], 20), WORLDS["dip"])
    assert other.estimate - line.estimate == pytest.approx(WORLDS["dip"].profit, abs=1e-9)
    assert other.covariance == pytest.approx(line.covariance, abs=1e-9)


def test_guards_turn_a_trend_away_and_let_a_large_benefit_through():
    trend = WORLDS["confounded"]
    rose = draw(np.random.default_rng(1), trend, 50)
    assert verdict(line_in(rose, trend)) == "supported"
    assert not guards_hold(rose, trend)
    large = replace(WORLDS["baseline"], path=(100.0,))
    data = draw(np.random.default_rng(1), large, 50)
    assert verdict(line_in(data, large)) == "supported"
    assert guards_hold(data, large)


def test_bounds_are_those_of_the_check_that_the_study_runs():
    """A trend that the path around one base leaves open would have survived by the path's own verdict."""
    told = []
    for seed, world in [*((seed, WORLDS["confounded"]) for seed in range(1, 7)), (1, replace(_LARGE, path=(100.0,)))]:
        data = draw(np.random.default_rng(seed), world, 20)
        paid, (path, weights) = float(FACTORS @ world.paid), path_in(data)

        def judged(low, high, paid=paid):
            return label_of(low - paid, high - paid, DELTA, grade="B")

        at = {"judged": judged, "effect": paid, "bounds": (), "level": LEVEL, "df": 19}
        check = check_trend_bounds(path, weights, verdict="supported", **at)
        assert check.passed == _bounds_hold(data, world)
        told.append((check_trend_bounds(path, weights, **at).passed, check.passed))
    assert (True, False) in told
    assert told[-1] == (True, True)


_LARGE = WORLDS["baseline"]


def test_the_level_of_a_verdict_is_that_of_all_claims():
    line = line_in(draw(np.random.default_rng(2), powered(20), 20), powered(20))
    row = present_value(line, rate_annual=RATE, per_year=12)
    half = stats.t.ppf(1 - 0.05 / 6, line.df) * row["std_error"]
    assert (verdict(line) == "supported") == (row["estimate"] - half > DELTA)


@pytest.mark.parametrize(
    ("said", "of", "bar"),
    [(100, 2000, "met"), (101, 2000, "short"), (0, 100, "met"), (4, 100, "open"), (15, 100, "short")],
)
def test_a_share_is_held_against_the_most_that_is_allowed(said, of, bar):
    (estimand,) = [e for e in PAYBACKS.estimands if e.name == "pays[null, 20]"]
    records = [
        {"found": {estimand.name: {"estimate": float(k < said), "low": float(k < said), "high": float(k < said)}}}
        for k in range(of)
    ]
    row = summarise(estimand, records, None) | {"zero": False, "at_most": estimand.at_most}
    assert row["excludes_zero"] == said / of
    assert standing(row) == bar
    named = row | {"estimand": estimand.name, "scenario": OWN, "headline": True, "bar": bar}
    assert "at most 5.0\u00a0%" in cells_of(named)[4]
    failed = summarise(estimand, [*records, {"failed": "out of memory"}], None) | {"zero": False, "at_most": 0.05}
    assert standing(failed) == "short"
