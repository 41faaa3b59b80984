"""The survey of brands: its shape, its law, and what standing is truly worth."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from coroi.company import SCENARIOS, Switches, simulate_company
from coroi.company import competitors as survey
from coroi.company.clock import as_date, first_days
from coroi.company.competitors import OWN, draw_views, moved, wallets, whole_per_cents
from coroi.company.customers import FRAILTY_SD, draw_people
from coroi.company.history import draw_history
from coroi.company.scenario import Intervention, World
from coroi.company.standing import wallet_truths
from coroi.company.truth import TRUTH_SEED

N, MONTHS = 20_000, 24


@cache
def tables(scenario: str, *, alike: bool = False) -> dict[str, pd.DataFrame]:
    switches = Switches(respondents_differ=not alike)
    return simulate_company(customers=N, months=MONTHS, seed=4, scenario=scenario, switches=switches).tables


def interviews(scenario: str) -> pd.DataFrame:
    table = tables(scenario)["competitors"]
    by = table.groupby("customer_id")
    own = table[table["own_brand"] == 1].set_index("customer_id")
    rank = table.assign(rank=by["score"].rank(ascending=False, method="min"))
    return pd.DataFrame(
        {
            "share": own["share_of_wallet"],
            "own": own["score"],
            "rivals": table[table["own_brand"] == 0].groupby("customer_id")["score"].mean(),
            "rank": rank[rank["own_brand"] == 1].set_index("customer_id")["rank"],
            "n": by.size(),
        }
    )


def slopes(scenario: str) -> dict[str, float]:
    """Least squares of share on both scores, the number of brands held fixed."""
    found = interviews(scenario)
    few = pd.get_dummies(found["n"]).to_numpy(dtype=float)
    x = np.column_stack([found["own"], found["rivals"], few])
    coefficients = np.linalg.lstsq(x, found["share"].to_numpy(), rcond=None)[0]
    return {"own": coefficients[0], "rivals": coefficients[1]}


def test_each_respondent_names_the_own_brand_and_one_to_four_others():
    table = tables("baseline")["competitors"]
    by = table.groupby("customer_id")
    assert by["own_brand"].sum().eq(1).all()
    assert by["asked_at"].nunique().eq(1).all()
    assert not table.duplicated(["customer_id", "brand"]).any()
    assert (table["brand"].eq(OWN) == table["own_brand"].eq(1)).all()
    assert table["score"].between(0, 10).all()
    assert set(range(2, 11)) <= set(table["score"])
    named = by.size() - 1
    shares = named.value_counts(normalize=True).sort_index()
    assert shares.index.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(shares, [0.4, 0.3, 0.2, 0.1], atol=0.035)


def test_shares_of_wallet_are_per_cents_that_add_up_to_one():
    table = tables("baseline")["competitors"]
    assert table["share_of_wallet"].between(0, 1).all()
    cents = np.rint(table["share_of_wallet"] * 100).astype(int)
    np.testing.assert_allclose(cents / 100, table["share_of_wallet"], atol=1e-12)
    assert cents.groupby(table["customer_id"]).sum().eq(100).all()


def test_largest_remainders_are_rounded_up():
    assert whole_per_cents(np.array([[0.3349, 0.3349, 0.3302], [0.5, 0.5, 0.0]])).tolist() == [
        [34, 33, 33],
        [50, 50, 0],
    ]
    assert whole_per_cents(np.array([[0.126, 0.126, 0.126, 0.622]])).tolist() == [[13, 13, 12, 62]]


def test_respondents_have_a_contract_on_the_day():
    rows = tables("baseline")["competitors"][["customer_id", "asked_at"]].drop_duplicates()
    pairs = rows.merge(tables("baseline")["subscriptions"], on="customer_id")
    last = pairs["end_at"].fillna(pd.Timestamp.max)
    inside = pairs[(pairs["start_at"] <= pairs["asked_at"]) & (pairs["asked_at"] <= last)]
    assert inside["customer_id"].nunique() == len(rows) > 1500
    assert 6.3 < interviews("baseline")["rivals"].mean() < 6.6


def test_the_happier_answer_more_often_unless_all_answer_alike():
    history = draw_history(customers=N, months=MONTHS, seed=4)
    views = draw_views(history, 4, World())
    felt = history.satisfaction[views.month + 1, np.arange(N)]

    def ahead(alike: bool) -> float:
        who = tables("baseline", alike=alike)["competitors"]["customer_id"].unique()
        answered = np.array([int(name[1:]) - 1 for name in who])
        return float(felt[answered].mean() - felt[views.there].mean())

    assert ahead(alike=False) > 0.2
    assert abs(ahead(alike=True)) < 0.06


def test_share_follows_standing_and_not_where_loyalty_does_not_work():
    assert 0.06 < slopes("baseline")["own"] < 0.10
    assert -0.07 < slopes("baseline")["rivals"] < -0.035
    null, confounded = slopes("null"), slopes("confounded")
    assert max(abs(null["own"]), abs(null["rivals"]), abs(confounded["rivals"])) < 0.008
    assert confounded["own"] > 0.02


@pytest.mark.parametrize("scenario", ["null", "confounded"])
def test_rank_goes_with_share_by_the_number_of_brands_alone(scenario):
    found = interviews(scenario)
    assert found["share"].corr(found["rank"]) < -0.12
    if scenario == "null":
        within = [each["share"].corr(each["rank"]) for _, each in found.groupby("n")]
        sizes = found.groupby("n").size()
        assert abs(np.average(within, weights=sizes)) < 0.05


def people(scenario: str, **done: float):
    world = World(scenario=SCENARIOS[scenario], intervention=Intervention(**done))
    return draw_people(N, first_days(MONTHS), 4, world)


@pytest.mark.parametrize(("scenario", "slope"), [("baseline", 0.6 * FRAILTY_SD), ("null", 0.0)])
def test_moving_the_rivals_moves_the_readiness_to_leave_by_what_a_line_through_both_says(scenario, slope):
    usual, lower = people(scenario), people(scenario, rivals=-1.0)
    seen = np.cov(usual.rivals, usual.frailty)[0, 1] / usual.rivals.var()
    assert abs(usual.rivals.mean()) < 0.02
    assert abs(usual.rivals.std() - 1) < 0.02
    np.testing.assert_allclose(usual.frailty - lower.frailty, slope, atol=1e-12)
    np.testing.assert_allclose(usual.rivals - lower.rivals, 1.0)
    assert abs(seen - slope) < 0.012


def test_customers_of_good_rivals_leave_more_often():
    history = draw_history(customers=N, months=MONTHS, seed=4)
    ended = np.zeros(N, dtype=bool)
    ended[history.contracts.customer[history.contracts.reason > 0]] = True
    tempted = history.people.rivals > 0
    assert ended[tempted].mean() - ended[~tempted].mean() > 0.05
    null = draw_history(customers=N, months=MONTHS, seed=4, world=World(scenario=SCENARIOS["null"]))
    ended = np.zeros(N, dtype=bool)
    ended[null.contracts.customer[null.contracts.reason > 0]] = True
    assert abs(ended[null.people.rivals > 0].mean() - ended[null.people.rivals <= 0].mean()) < 0.02


def slow_share(felt: list[float], pull: list[float], loyalty: float) -> float:
    """Own share of one customer, from the definition; the own brand stands first."""
    mean, best = sum(felt) / len(felt), max(felt)
    weights = []
    for i, (score, luck) in enumerate(zip(felt, pull, strict=True)):
        drawn = survey.BY_STANDING * (score - mean) + survey.BY_FIRST * (score == best)
        if i == 0:
            drawn += survey.BY_SCORE * (score - 6.9)
        weights.append(math.exp(loyalty * drawn + luck))
    return weights[0] / sum(weights)


@pytest.mark.parametrize("scenario", ["baseline", "null"])
def test_the_truth_equals_a_slow_count_customer_by_customer(scenario):
    found = wallet_truths(months=MONTHS, scenario=scenario, customers=800)
    world = World(scenario=SCENARIOS[scenario])
    history = draw_history(customers=800, months=MONTHS, seed=TRUTH_SEED, world=world)
    views, contracts = draw_views(history, TRUTH_SEED, world), history.contracts
    differences = {"standing": [], "lower": [], "higher": []}
    for who in range(800):
        day = int(views.day[who])
        mine = np.flatnonzero(contracts.customer == who)
        if not any(contracts.start[row] <= day <= contracts.end[row] for row in mine):
            continue
        month = (as_date(day).year - 2022) * 12 + as_date(day).month - 1
        own = 6.9 + 1.8 * history.satisfaction[month + 1, who]
        k = int(views.named[who].sum())
        felt, pull = [own, *views.felt[who, 1:k]], list(views.pull[who, :k])
        usual = slow_share(felt, pull, world.scenario.loyalty)
        lower = slow_share([own, *(s - 1 for s in felt[1:])], pull, world.scenario.loyalty) - usual
        higher = slow_share([s + 1 for s in felt], pull, world.scenario.loyalty) - usual
        for name, value in (("standing", lower - higher), ("lower", lower), ("higher", higher)):
            differences[name].append(value)
    for row, values in zip(found, differences.values(), strict=True):
        assert row["value"] == pytest.approx(np.mean(values), abs=1e-6)
        assert row["mc_std_error"] == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)), abs=1e-6)
        assert row["n"] == len(values) > 300
    if scenario == "baseline":
        assert 0.05 < found[0]["value"] < 0.09
        assert 0.005 < found[2]["value"] < 0.015
    else:
        assert [row["value"] for row in found] == [0, 0, 0]


def test_moving_all_brands_alike_leaves_ranks_and_standing():
    history = draw_history(customers=500, months=6, seed=1)
    views = draw_views(history, 1, World())
    both = moved(views, 1.0, 1.0)
    np.testing.assert_allclose(both.felt - views.felt, 1.0)
    shares = wallets(views, 1.0)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (shares[~views.named] == 0).all()
    assert (wallets(both, 1.0)[:, 0] > shares[:, 0]).all()
    assert (wallets(moved(views, 0.0, -1.0), 1.0)[:, 0] > shares[:, 0]).all()
