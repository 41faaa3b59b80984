"""No money stands in the ledger twice, and what stands in it is held against the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coroi.errors import DataError
from coroi.inference.influence import influence_covariance
from coroi.roi.flows import Line, join_lines, known_line
from coroi.roi.ledger import Entry, apart, check_overlap, ledger_table
from coroi.roi.reconcile import reconcile, reconcile_accounts
from drawn_money import days, line

WEIGHTS = 1.1 ** -(np.arange(4) / 12)
RETENTION = Entry(name="retention", customers="started in 2024", account="margin", first_period=0, last_period=3)
SPEND = replace(RETENTION, name="spend")
CALLS = replace(RETENTION, name="fewer calls", account="cost to serve")


def summed(one: Line, other: Line, name: str, *, extra: float = 0.0) -> Line:
    """Return a total whose influence is that of its parts and, per cluster, some noise of its own."""
    own = extra * np.random.default_rng(50).standard_normal(one.moved.shape)
    moved = one.moved + other.moved + own
    return Line(
        name=name,
        estimate=one.estimate + other.estimate,
        covariance=influence_covariance(moved.to_numpy()),
        moved=moved,
        df=one.df,
    )


ONE, OTHER = line("retention", 2.0, seed=1, shared=2.0), line("spend", 1.0, seed=2, shared=2.0)
FLOWS = join_lines(
    [ONE, OTHER, line("fewer calls", 0.3, seed=3), summed(ONE, OTHER, "whole margin", extra=0.01)],
    currency="EUR",
    periods=days(4),
)


def test_benefits_on_other_lines_of_the_accounts_or_in_other_periods_stand_together():
    early, late = replace(RETENTION, last_period=1), replace(SPEND, first_period=2)
    check_overlap([RETENTION, CALLS])
    check_overlap([early, late])


def test_two_benefits_of_the_same_money_are_refused_with_the_way_out():
    with pytest.raises(DataError) as caught:
        check_overlap([replace(RETENTION, last_period=2), replace(SPEND, first_period=1, account="Margin ")])
    assert str(caught.value) == (
        "ledger, retention and spend: both count 'started in 2024', in periods 1 to 2, on the line 'margin' of the "
        "accounts: that money would be counted twice. Keep one of them, part their customers or periods, or declare "
        "both as parts of one total that they add up to (part_of)."
    )
    with pytest.raises(DataError, match=r"in period 3, on"):
        check_overlap([RETENTION, replace(SPEND, first_period=3)])


def test_sets_of_customers_may_overlap_until_they_are_known_to_be_apart():
    small, large = replace(RETENTION, customers="small"), replace(SPEND, customers="large")
    with pytest.raises(DataError, match="'small' and 'large' may have customers in common"):
        check_overlap([small, large])
    check_overlap([small, large], share=apart(["small", "large"]))
    with pytest.raises(DataError, match="counted twice"):
        check_overlap([small, replace(large, customers="small")], share=apart(["small", "large"]))
    with pytest.raises(DataError, match="counted twice"):
        check_overlap([small, replace(large, customers="north")], share=apart(["small", "large"], ["north", "south"]))
    check_overlap([small, large], share=lambda one, other: False)
    with pytest.raises(DataError, match="both count 'small'"):
        check_overlap([small, replace(large, customers="small")], share=lambda one, other: False)


def test_parts_of_one_total_are_held_against_it():
    parts = [replace(RETENTION, part_of="margin"), replace(SPEND, part_of="margin")]
    whole = summed(ONE, OTHER, "margin")
    check_overlap(parts, flows=FLOWS, totals={"margin": whole})
    off = replace(whole, estimate=whole.estimate + np.array([0, 0, 1e-3, 0]))
    with pytest.raises(DataError, match=r"retention and spend: as parts of 'margin' they come to .* in period 2, and"):
        check_overlap(parts, flows=FLOWS, totals={"margin": off})
    check_overlap([replace(p, last_period=1) for p in parts], flows=FLOWS, totals={"margin": off})
    with pytest.raises(DataError, match="counted in periods 0 to 9, have 4 periods of money, and the total 4"):
        check_overlap([replace(p, last_period=9) for p in parts], flows=FLOWS, totals={"margin": whole})
    with pytest.raises(DataError, match="not estimated by itself"):
        check_overlap(parts, flows=FLOWS)
    with pytest.raises(DataError, match="differ in customers, periods or account"):
        check_overlap([parts[0], replace(parts[1], last_period=2)], flows=FLOWS, totals={"margin": whole})
    with pytest.raises(DataError, match=r"there is no line 'spent'. Did you mean 'spend'"):
        check_overlap([parts[0], replace(parts[1], name="spent")], flows=FLOWS, totals={"margin": whole})
    with pytest.raises(DataError, match="counted twice"):
        check_overlap([parts[0], replace(parts[1], part_of="")], flows=FLOWS, totals={"margin": whole})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"customers": " "}, "ledger, retention: a benefit without a customer. Name the set"),
        ({"account": ""}, "ledger, retention: a benefit without a line of the accounts."),
        ({"first_period": None}, "ledger, retention: a benefit without periods."),
        ({"first_period": 3, "last_period": 1}, "it runs from period 3 to 1"),
        ({"first_period": -1}, "it runs from period -1 to 3"),
    ],
)
def test_a_benefit_that_is_tied_to_nothing_is_refused(change, said):
    with pytest.raises(DataError) as caught:
        check_overlap([replace(RETENTION, **change)])
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_all_problems_are_told_together():
    with pytest.raises(DataError) as caught:
        check_overlap([RETENTION, RETENTION, replace(CALLS, customers="")])
    assert len(caught.value.problems) == 3


spans = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["margin", "calls"]), spans), min_size=1, max_size=5))
def test_a_ledger_is_refused_exactly_where_some_customer_period_and_account_is_counted_twice(drawn):
    entries = [
        Entry(name=f"e{i}", customers=c, account=a, first_period=p[0], last_period=p[1])
        for i, (c, a, p) in enumerate(drawn)
    ]
    cells = [(c, a, t) for c, a, p in drawn for t in range(p[0], p[1] + 1)]
    clash = len(cells) > len(set(cells))
    try:
        check_overlap(entries, share=apart("AB"))
        refused = False
    except DataError:
        refused = True
    assert refused == clash


def test_the_table_has_each_entry_in_its_periods_and_the_joint_sum():
    entries = [replace(RETENTION, last_period=1), CALLS]
    table = ledger_table(FLOWS, entries, WEIGHTS, level=0.9)
    assert list(table.columns) == [
        "entry", "customers", "periods", "account", "value", "conf_low", "conf_high", "share",
    ]  # fmt: skip
    assert list(table["entry"]) == ["retention", "fewer calls", "sum"]
    assert list(table["periods"]) == ["2024-01-01 to 2024-02-01", "2024-01-01 to 2024-04-01", ""]
    calls = line("fewer calls", 0.3, seed=3)
    moved = ONE.moved.to_numpy()[:, :2] @ WEIGHTS[:2] + calls.moved.to_numpy() @ WEIGHTS
    value = ONE.estimate[:2] @ WEIGHTS[:2] + calls.estimate @ WEIGHTS
    half = stats.t.ppf(0.95, 29) * (moved @ moved * 30 / 29) ** 0.5
    last = table.iloc[-1]
    assert last["value"] == pytest.approx(value)
    assert (last["conf_low"], last["conf_high"]) == pytest.approx((value - half, value + half))
    assert table["share"].iloc[:-1].sum() == pytest.approx(1)
    assert np.isnan(
        ledger_table(
            join_lines([known_line("retention", np.zeros(4))], currency="EUR", periods=days(4)), [RETENTION], WEIGHTS
        )["share"]
    ).all()


def test_entries_are_valued_only_where_there_is_money():
    with pytest.raises(DataError, match="counted to period 6, of 4 that are valued"):
        ledger_table(FLOWS, [replace(RETENTION, last_period=6)], WEIGHTS)
    with pytest.raises(DataError, match="there is no line 'retentoin'"):
        ledger_table(FLOWS, [replace(RETENTION, name="retentoin")], WEIGHTS)
    with pytest.raises(DataError, match=r"shape \(2,\) for 4 periods"):
        ledger_table(FLOWS, [RETENTION], np.ones(2))


def test_the_residual_has_the_error_of_total_less_parts_cluster_by_cluster():
    found = reconcile(FLOWS, [RETENTION, SPEND], reported="whole margin", weights=WEIGHTS)
    own = 0.01 * np.random.default_rng(50).standard_normal((30, 4)) @ WEIGHTS
    assert found.std_error == pytest.approx((own @ own * 30 / 29) ** 0.5)
    assert found.residual == 0
    assert found.conf_high == pytest.approx(stats.t.ppf(0.975, 29) * found.std_error)
    assert found.explained
    assert found.sentence.startswith("The 2 entries of the ledger come to EUR\u00a0")
    assert found.sentence.endswith("is no more than chance would have it.")
    alone = float(np.sqrt(WEIGHTS @ FLOWS.line("whole margin").covariance @ WEIGHTS))
    assert found.std_error < alone / 5


def test_where_entries_do_add_up_the_residual_holds_zero_as_often_as_it_says():
    """Units whose money has two parts: parts and whole are means over units, the whole with recording errors."""
    rng, n_units, held = np.random.default_rng(31), 20, []
    for _ in range(500):
        parts = rng.standard_normal((2, n_units, 2)) * [1.0, 3.0] + rng.standard_normal((n_units, 2))
        seen = {"retention": parts[0], "spend": parts[1], "whole": parts.sum(axis=0) + rng.normal(size=(n_units, 2))}
        lines = []
        for name, money in seen.items():
            moved = pd.DataFrame((money - money.mean(axis=0)) / n_units)
            covariance = influence_covariance(moved.to_numpy())
            lines.append(Line(name=name, estimate=money.mean(axis=0), covariance=covariance, moved=moved, df=19.0))
        flows = join_lines(lines, currency="EUR", periods=days(2))
        entries = [replace(RETENTION, last_period=1), replace(SPEND, last_period=1)]
        held.append(reconcile(flows, entries, reported="whole", weights=WEIGHTS[:2]).explained)
    assert np.mean(held) == pytest.approx(0.95, abs=3 * (0.05 * 0.95 / 500) ** 0.5)


def test_money_that_is_left_over_or_claimed_too_much_is_said():
    less = reconcile(FLOWS, [SPEND], reported="whole margin", weights=WEIGHTS)
    assert less.residual > 0
    assert less.sentence.startswith("The one entry of the ledger comes to EUR\u00a0")
    assert less.sentence.endswith("is money that no entry explains.")
    known = join_lines(
        [known_line("retention", np.full(4, 2.0)), known_line("whole margin", np.full(4, 1.5))],
        currency="EUR",
        periods=days(4),
    )
    more = reconcile(known, [RETENTION], reported="whole margin", weights=np.ones(4))
    assert more.sentence == (
        "The one entry of the ledger comes to EUR\u00a08.00; the effect on the whole, measured by itself, is "
        "EUR\u00a06.00. The difference, EUR\u00a0−2.00 (−2.00 to −2.00), is more than chance would have it: "
        "the entries claim money that the whole does not show."
    )
    with pytest.raises(DataError, match="needs entries to be held against, other than itself"):
        reconcile(FLOWS, [replace(RETENTION, name="whole margin")], reported="whole margin", weights=WEIGHTS)
    with pytest.raises(DataError, match="Did you mean 'whole margin'"):
        reconcile(FLOWS, [RETENTION], reported="whole margins", weights=WEIGHTS)


@pytest.mark.parametrize(
    ("measured", "passed", "said"),
    [
        (1_000_000, True, "no difference, within 1\u00a0%."),
        (1_009_900, True, "0.99\u00a0% more in the data, within 1\u00a0%."),
        (990_000, True, "1\u00a0% less in the data"),
        (1_010_000, True, "1\u00a0% more in the data"),
        (1_010_200, False, "1.02\u00a0% more in the data, beyond 1\u00a0%."),
        (800_000, False, "20\u00a0% less in the data, beyond 1\u00a0%. Every amount on this page rests on the data"),
        (-50_000, False, "105\u00a0% less in the data, beyond"),
    ],
)
def test_the_data_are_held_against_the_accounts(measured, passed, said):
    check = reconcile_accounts(measured, 1_000_000, currency="EUR")
    assert check.passed is passed
    assert check.sentence.startswith("The margin is EUR\u00a0")
    assert said in check.sentence


@pytest.mark.parametrize("reported", [0.0, -5.0, float("nan"), float("inf")])
def test_accounts_that_report_nothing_above_zero_are_refused(reported):
    with pytest.raises(DataError, match="so that no share of it can be told"):
        reconcile_accounts(1.0, reported, currency="EUR")
    with pytest.raises(DataError, match="Give numbers"):
        reconcile_accounts(float("nan"), 1.0, currency="EUR")
