"""Who is in a pilot, what became of them, and the answer that is made of it."""

from __future__ import annotations

import numpy as np
import pytest
from pilot_company import PLAN, QUICK, contracts, open_company, steady, steady_pilot

from coroi.errors import StudyError
from coroi.lab.pilot_answer import simulate_pilot
from coroi.lab.pilot_costs import Price, bills, forgone, priced, programme_price
from coroi.lab.pilot_designs import BEFORE_AFTER, DESIGNS, HOLD_OUT, STAGED
from coroi.lab.pilot_options import PilotOptions
from coroi.lab.pilot_outcomes import MONEY, RETENTION, SCORE
from coroi.lab.pilot_people import History, follow, latest_start, load_history, snapshot_people
from coroi.lab.pilot_result import as_result, cries_wolf, grade_of, tells
from coroi.lab.pilot_setting import steps_of
from coroi.lab.pilot_words import needed, sentence
from coroi.prepare.calendar import first_day
from coroi.sources import Metric

ALL_SHOWN = PLAN | {"privacy": {"smallest_cell": 1}}  # so few are lost that nothing would be told of them


def history(inputs, money: str = "", **given) -> History:
    how = {"metric": "nps", "scale": inputs.plan.metrics["nps"]} | given
    return load_history(inputs.connection, inputs.panel, inputs.tables.get("responses"), money=money, **how)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    tables = {
        "customers": [("a", "x"), ("b", "y"), ("c", "x"), ("d", "")],
        "subscriptions": [
            ("a", "2022-01-01", "", 10),
            ("b", "2022-03-01", "2022-08-20", 20),
            ("c", "2022-09-01", "", 10),
            ("d", "2022-01-01", "2022-11-10", 10),
        ],
        "responses": [
            *[
                ("a", d, "nps", s)
                for d, s in (("2022-02-03", 4), ("2022-06-30", 8), ("2022-07-01", 9), ("2022-09-02", 7))
            ],
            *[("b", d, "nps", s) for d, s in (("2022-10-05", 2), ("2022-11-05", 4), ("2022-12-05", 0))],
        ],
    }
    folder = tmp_path_factory.mktemp("few")
    return open_company(folder, tables, metrics={"nps": {"scale": [0, 10]}}, observed_until="2022-12-31")


def test_customers_are_fixed_on_the_first_day_and_followed_whatever_becomes_of_them(few):
    found = history(few, "revenue")
    start = latest_start(found, 5)
    assert first_day(start, "month").isoformat() == "2022-07-01"
    people = follow(found, start, [3, 2])
    assert list(people.ids) == [0, 1, 3]
    assert list(people.unit) == [0, 1, -1]
    assert people.n_units == 2
    assert list(people.event) == [-1, 0, 1]
    assert people.money.sum(axis=1) == pytest.approx([50, 20 + 20 * 20 / 31, 40 + 10 * 10 / 30])
    assert people.money[0] == pytest.approx([30, 20])
    assert people.earlier_money == pytest.approx([50, 80, 50])
    assert people.score[0] == pytest.approx([8.0, np.nan], nan_ok=True)
    assert people.score[1] == pytest.approx([np.nan, 3.0], nan_ok=True)
    assert people.earlier_score == pytest.approx([6, np.nan, np.nan], nan_ok=True)


def test_scores_that_are_better_low_are_mirrored(few):
    worse = Metric(scale=(0, 10), higher_is="worse")
    people = follow(history(few, scale=worse), latest_start(history(few), 5), [5])
    assert people.score[0, 0] == pytest.approx(2.0)
    assert people.earlier_score[0] == pytest.approx(4.0)


def test_a_horizon_longer_than_the_data_is_refused_with_the_longest_that_does(few):
    with pytest.raises(StudyError, match=r"--horizon: the data show 11 months .* fewer than 12. Take .* --horizon 11"):
        latest_start(history(few), 12)


def test_buyers_who_bought_lately_are_followed_to_their_next_purchase(tmp_path):
    days = {"a": ["2022-01-05", "2022-02-05", "2022-06-05"], "b": ["2022-01-20", "2022-02-20"], "c": ["2022-01-09"]}
    rows = [(c, day, 30, 10) for c, dated in days.items() for day in dated]
    inputs = open_company(
        tmp_path,
        {"transactions": rows},
        observed_until="2022-08-31",
        grace_days=40,
        metrics={"nps": {"scale": [0, 10]}},
    )
    found = history(inputs, "margin")
    start = latest_start(found, 6)
    assert first_day(start, "month").isoformat() == "2022-03-01"
    people = follow(found, start, [3, 3])
    assert list(people.ids) == [0, 1]
    assert list(people.event) == [1, -1]
    assert people.money == pytest.approx(np.array([[0, 10], [0, 0]]))
    assert people.earlier_money == pytest.approx([20, 20])


def test_a_snapshot_counts_who_had_left(tmp_path):
    rows = [("a", "yes", 3), ("b", "no", 9), ("c", "no", "")]
    inputs = open_company(tmp_path, {"snapshot": rows}, metrics={"nps": {"scale": [0, 10]}})
    people = snapshot_people(inputs.connection, inputs.tables["snapshot"], "nps", inputs.plan.metrics["nps"])
    assert list(people.event) == [0, -1, -1]
    assert people.score[:, 0] == pytest.approx([3, 9, np.nan], nan_ok=True)


def test_steps_fit_waves_units_and_the_horizon():
    assert steps_of(12, 4, 24) == (4, 4, 4)
    assert steps_of(12, 4, 3) == (6, 6)
    assert steps_of(2, 4, 0) == (1, 1)
    assert steps_of(1, 4, 0) == (1,)
    assert steps_of(7, 3, 1) == (7,)


def test_bills_count_who_is_treated_and_for_how_long():
    taken = bills(100, 90, 9, (4, 4, 4), holdout_share=0.3, months=1.0)
    assert taken[HOLD_OUT] == (70, 840, 360)
    assert taken[BEFORE_AFTER] == (100, 1200, 0)
    treated, on, off = taken[STAGED]
    assert (treated, on, off) == (70, 30 * 12 + 20 * 8 + 20 * 4, 90 * 12 - 600)
    bill = priced(taken, Price(per_month=2.0, source="given"), 50.0)[HOLD_OUT]
    assert bill.cost == 1730
    assert forgone(bill, MONEY, 5.0, kept_per_month=np.nan, months=12.0) == pytest.approx(150)
    assert forgone(bill, RETENTION, 0.1, kept_per_month=4.0, months=12.0) == pytest.approx(30 * 0.1 * 4 * 6)
    assert np.isnan(forgone(bill, SCORE, 0.1, kept_per_month=4.0, months=12.0))


def test_the_price_is_the_programmes_cost_over_the_customer_months_in_it(tmp_path):
    tables = {
        "customers": [("a", "x"), ("b", "x"), ("c", "y")],
        "subscriptions": [("a", "2022-01-01", "", 1), ("b", "2022-01-01", "2022-05-31", 1), ("c", "2022-01-01", "", 1)],
        "programme": [("x", "", "visits", "2022-03-01", "2022-06-30")],
        "costs": [
            ("2022-03-31", "programme", 10, "x", "visits"),
            ("2022-06-30", "programme", 18, "x", "visits"),
            ("2022-06-30", "programme", 99, "y", "other"),
            ("2022-06-30", "serve", 99, "x", ""),
        ],
    }
    inputs = open_company(tmp_path, tables, observed_until="2022-12-31")
    price = programme_price(inputs.connection, inputs.tables, inputs.panel)
    assert price.per_month == pytest.approx(28 / 7)  # a: March to June, b: March to May
    assert "7 customer-months" in price.source
    assert programme_price(inputs.connection, {}, inputs.panel) is None


@pytest.fixture
def pilot():
    return steady_pilot()


def test_the_pilot_is_that_of_the_plans_customers(pilot):
    assert pilot.n == 300
    assert (pilot.n_units, pilot.n_without_unit, pilot.waves) == (12, 0, 4)
    assert pilot.lengths == (2, 2, 2)
    assert (pilot.options.horizon, pilot.options.metric, pilot.options.seed) == (6, "nps", steady().plan.seed)
    assert {o.name for o in pilot.outcomes} == {RETENTION, SCORE, MONEY}
    assert pilot.outcomes[0].base == pytest.approx(0.97**6, abs=0.06)
    assert pilot.money == "revenue"
    assert (pilot.n_dates, pilot.n_stretches) == (17, 2)


def test_a_steady_calendar_clears_the_before_after(pilot):
    found = pilot.of(RETENTION, BEFORE_AFTER)
    assert not cries_wolf(pilot, found)
    assert tells(pilot, found)
    assert grade_of(pilot, found) == "C"


def test_controlled_designs_hold_their_level_and_the_hold_out_detects_the_least(pilot):
    for design in (HOLD_OUT, STAGED):
        found = pilot.of(RETENTION, design)
        assert found.curve["power"].iloc[0] == pytest.approx(0.05, abs=0.05)
        assert tells(pilot, found)
        assert grade_of(pilot, found) == "A"
    hold_out, staged = (pilot.of(RETENTION, d).smallest.estimate for d in (HOLD_OUT, STAGED))
    assert hold_out < staged
    base = pilot.outcomes[0].base
    assert needed(pilot) > 300
    error = np.sqrt(base * (1 - base) / 150 + (base + hold_out) * (1 - base - hold_out) / 150)
    assert hold_out / error == pytest.approx(2.80, rel=0.1)


def test_the_result_carries_every_number_with_its_interval(pilot):
    result = as_result(pilot)
    rows = result.estimates.set_index(["term", "outcome", "design"])
    assert len(rows) == 2 * (3 * 3 + 2)
    assert rows["identified"].all()
    assert np.all(rows["conf_low"] <= rows["estimate"])
    assert np.all(rows["estimate"] <= rows["conf_high"])
    assert set(result.tables["costs"]["design"]) == set(DESIGNS)
    assert len(result.tables["power"]) == 11 * 13
    assert len({c.name for c in result.checks}) == 10


@pytest.mark.slow
def test_equal_seeds_give_equal_answers_whatever_the_jobs(pilot):
    again = simulate_pilot(steady(), QUICK, jobs=2)
    assert as_result(again).estimates.equals(as_result(pilot).estimates)
    other = simulate_pilot(steady(), PilotOptions(replications=300, seed=7))
    assert not as_result(other).estimates.equals(as_result(pilot).estimates)


@pytest.mark.slow
def test_a_drift_is_called_by_its_name(tmp_path):
    tables = contracts(400, lost=0.002, units=12)
    for i in range(0, 300):  # three in four leave within half a year, all before the pilot's time
        tables["subscriptions"].append((f"x{i}", "2020-01-01", f"2021-{i % 6 + 1:02}-15", 10))
    drifting = simulate_pilot(open_company(tmp_path, tables, **ALL_SHOWN), QUICK)
    found = drifting.of(RETENTION, BEFORE_AFTER)
    assert cries_wolf(drifting, found)
    assert not tells(drifting, found)
    assert grade_of(drifting, found) == "D"
    rows = as_result(drifting).estimates.set_index(["term", "outcome", "design"])
    row = rows.loc[("smallest_effect", RETENTION, BEFORE_AFTER)]
    assert not row["identified"]
    assert "false alarm" in row["reason"]
    assert "a before–after cannot tell an effect from the calendar, which alone changed retention by" in sentence(
        drifting
    )


@pytest.mark.parametrize(
    ("n", "units", "said"),
    [
        (12, 0, "a hold-out would detect no effect up to"),
        pytest.param(
            60, 2, "2 units can be drawn into 2 waves in 2 ways only, too few for a test at 5 %", marks=pytest.mark.slow
        ),
    ],
)
def test_too_few_customers_or_units_are_told_in_words(tmp_path, n, units, said):
    small = simulate_pilot(open_company(tmp_path, contracts(n, lost=0.03, units=units), **ALL_SHOWN), QUICK)
    assert said in sentence(small)
    assert "nan" not in sentence(small)
    as_result(small)


def test_a_snapshot_bears_a_hold_out_alone(tmp_path):
    rows = [(f"c{i}", "yes" if i % 5 == 0 else "no", i % 11) for i in range(400)]
    inputs = open_company(tmp_path, {"snapshot": rows}, metrics={"nps": {"scale": [0, 10]}})
    found = simulate_pilot(inputs, QUICK)
    assert tells(found, found.of(RETENTION, HOLD_OUT))
    assert "a snapshot shows one date" in found.of(RETENTION, STAGED).reason
    assert "one date" in sentence(found)
    assert found.missing.keys() == {MONEY}


def test_without_a_metric_or_answers_the_score_is_left_out_with_the_reason(tmp_path):
    tables = contracts(60, lost=0.03)
    tables.pop("responses")
    found = simulate_pilot(open_company(tmp_path, tables, observed_until="2022-06-30", horizon=6), QUICK)
    assert found.missing[SCORE] == "the plan has no metric with answers"
    assert as_result(found).estimates.query("outcome == 'score'")["reason"].tolist() == [found.missing[SCORE]]


@pytest.mark.slow
def test_where_nobody_leaves_there_is_nothing_to_be_won(tmp_path):
    tables = contracts(60, lost=0.03)
    tables["subscriptions"] = [(f"c{i:04}-0", "2020-01-01", "", 10) for i in range(60)]
    found = simulate_pilot(open_company(tmp_path, tables, **PLAN), QUICK)
    assert "no customer was lost within the horizon" in sentence(found)
    assert MONEY in found.missing


@pytest.mark.slow
def test_the_response_rate_moves_the_score_alone(pilot):
    low = simulate_pilot(steady(), PilotOptions(replications=300, response_rate=0.1))
    assert low.of(SCORE, HOLD_OUT).smallest.estimate > 1.3 * pilot.of(SCORE, HOLD_OUT).smallest.estimate
    assert low.of(RETENTION, HOLD_OUT).smallest == pilot.of(RETENTION, HOLD_OUT).smallest


def test_every_option_that_cannot_be_used_is_told_at_once():
    wrong = PilotOptions(
        horizon=-1,
        metric="npz",
        response_rate=1.2,
        holdout_share=1,
        waves=1,
        power=0.03,
        alpha=0.6,
        fixed_cost=-1,
        seed=-1,
    )
    with pytest.raises(StudyError) as told:
        simulate_pilot(steady(), wrong)
    places = [p.where for p in told.value.problems]
    assert set(places) == {"--horizon", "--metric", "--response-rate", "--holdout-share", "--waves", "--alpha"} | {
        "--fixed-cost",
        "--seed",
        "--power",
    }
    assert "Did you mean 'nps'?" in str(told.value)
