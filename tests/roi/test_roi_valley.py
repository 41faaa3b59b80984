"""The valley: against loops over every path inside the band, its test, and what stopping gives up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coroi.errors import DataError
from coroi.roi.flows import Line, known_line
from coroi.roi.valley import STOPPING, dip_test, forgone, valley
from money_lines import INF, drawn_line, summed

PATH = [-4.0, -3.0, -1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
TERMS = ("depth", "trough", "length", "end")


def described(path) -> dict[str, float]:
    """Read a cumulative path in one walk."""
    depth, trough, length, end = INF, 0, 0, 0.0
    for k, value in enumerate(path):
        if value < depth:
            depth, trough = value, k
        if value < 0:
            length, end = length + 1, k + 1.0
    return {"depth": depth, "trough": trough, "length": length, "end": INF if end == len(path) else end}


def test_known_money_has_the_valley_that_a_walk_finds():
    rng = np.random.default_rng(3)
    for _ in range(100):
        amounts = rng.normal(size=9)
        found = valley(known_line("x", amounts), per_year=12)
        for term, value in described(np.cumsum(amounts)).items():
            span = getattr(found, term)
            assert (span.estimate, span.low, span.high) == pytest.approx((value,) * 3)
        below = np.flatnonzero(amounts < 0)
        last = below[-1] if len(below) else -1
        assert found.crossover.estimate == (INF if last == 8 else last + 1.0)


def test_every_path_inside_the_band_has_a_valley_inside_the_intervals():
    found = valley(drawn_line("x", PATH, 6, spread=3.0), per_year=12)
    low, high = found.cumulative["band_low"].to_numpy(), found.cumulative["band_high"].to_numpy()
    rng = np.random.default_rng(1)
    shares = np.concatenate([rng.random((2000, 8)), rng.integers(0, 2, (2000, 8)), np.zeros((1, 8)), np.ones((1, 8))])
    for share in shares:
        path = low + share * (high - low)
        for term, value in described(path).items():
            span = getattr(found, term)
            assert span.low - 1e-12 <= value <= span.high + 1e-12, term
        assert int(np.argmin(path)) in found.trough_periods
    for term in TERMS:
        span = getattr(found, term)
        assert span.low < span.estimate < span.high
    for period in found.trough_periods:  # none is there without a path that has its trough in it
        path = high.copy()
        path[period] = low[period]
        assert path[period] <= path.min()


def test_a_path_that_only_rises_has_no_valley():
    found = valley(drawn_line("x", [1.0, 2.0, 3.0, 3.0], 1, spread=0.5), per_year=12)
    assert found.never_negative and found.length.high == 0 and found.end.high == 0 and found.depth.low > 0
    one = valley(known_line("x", np.array([-2.0])), per_year=12)
    assert (one.depth.estimate, one.length.estimate, one.end.estimate) == (-2.0, 1.0, INF)
    assert list(one.table()["term"]) == ["depth", "trough", "length", "end", "crossover"]


def test_a_valley_in_cents_is_as_long_and_a_hundred_times_as_deep():
    line = drawn_line("x", PATH, 6)
    cents = Line(name="x", estimate=100 * line.estimate, covariance=1e4 * line.covariance, df=line.df)
    one, other = (valley(x, per_year=12).table().set_index("term")[["estimate", "low", "high"]] for x in (line, cents))
    np.testing.assert_allclose(other.loc["depth"], 100 * one.loc["depth"], rtol=1e-9)
    np.testing.assert_array_equal(other.drop("depth"), one.drop("depth"))


def test_the_crossover_is_that_of_single_periods():
    found = valley(drawn_line("x", PATH, 6), per_year=12)
    assert found.crossover.estimate == 3.0 < found.end.estimate
    assert found.crossover.low <= 3.0 <= found.crossover.high


def test_a_dip_is_tested_on_the_cumulative_path():
    line = drawn_line("x", PATH, 6, spread=20.0)
    found = dip_test(line)
    ratios = [line.estimate[: k + 1].sum() / np.sqrt(line.covariance[: k + 1, : k + 1].sum()) for k in range(len(PATH))]
    assert found.statistic == pytest.approx(min(ratios), rel=1e-12)
    half = np.linalg.cholesky(np.tri(8) @ line.covariance @ np.tri(8).T).T
    rows = np.random.default_rng(2).standard_normal((20_000, 30, 8)) @ half
    drawn = rows.mean(axis=1) / (rows.std(axis=1, ddof=1) / 30**0.5)
    assert found.p_value == pytest.approx((drawn.min(axis=1) <= found.statistic).mean(), abs=0.01)
    earlier_gain = known_line("x", np.array([5.0, -3.0, 1.0]))
    assert dip_test(earlier_gain) == (INF, 1.0)
    assert dip_test(known_line("x", np.array([-1.0, 3.0]))) == (-INF, 0.0)


def test_one_period_is_a_t_test():
    line = Line(name="x", estimate=np.array([-2.0]), covariance=np.array([[1.0]]), df=7.0)
    assert dip_test(line) == pytest.approx((-2.0, stats.t.cdf(-2.0, 7)), rel=1e-12)


def test_a_cost_that_was_paid_is_a_dip_for_certain():
    line = drawn_line("x", PATH, 6)
    covariance = line.covariance.copy()
    covariance[0], covariance[:, 0] = 0.0, 0.0
    assert dip_test(Line(name="x", estimate=line.estimate, covariance=covariance, df=29.0)) == (-INF, 0.0)


def test_stopping_at_the_trough_gives_up_all_that_comes_after_it():
    line = drawn_line("x", PATH, 6, spread=2.0)
    found = forgone(line, rate_annual=0.2, per_year=4)
    values = [summed(PATH[: k + 1], 0.2, 4) for k in range(8)]
    trough = values.index(min(values))
    assert found.estimate == pytest.approx(values[-1] - values[trough], rel=1e-12)
    assert 0 < found.low < found.estimate < found.high
    assert found.assumption == STOPPING
    falling = forgone(known_line("x", np.array([-1.0, -2.0])), rate_annual=0.2, per_year=4)
    assert (falling.estimate, falling.low, falling.high) == (0.0, 0.0, 0.0)


def test_what_is_given_up_is_below_nothing_for_no_path():
    for seed in range(20):
        found = forgone(drawn_line("x", -np.array(PATH), seed, spread=3.0), rate_annual=0.0, per_year=12)
        assert 0.0 <= found.low <= found.estimate <= found.high


def test_lines_without_periods_are_refused():
    empty = known_line("x", np.array([]))
    for ask in (lambda: valley(empty, per_year=12), lambda: dip_test(empty)):
        with pytest.raises(DataError, match="x: no period to value"):
            ask()
    with pytest.raises(DataError, match=r"write 0.10 for 10 %"):
        forgone(known_line("x", np.ones(2)), rate_annual=10, per_year=12)
