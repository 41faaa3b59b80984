"""The bias autopsy: what it equals, what each bias alone does to it, what order does, and what cannot be told."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from bias_autopsy_twin import NAMES, error, sixteen

from coroi.errors import DataError
from coroi.models.bias_autopsy import fit_bias_autopsy, simulate_bias_autopsy
from coroi.results import Check, Result

WORLD = {"sorting": 0.8, "non_response": 2.0, "noise": 1.2, "passing": 1.0, "reverse": 0.6, "tilt": 0.1}
GIVEN = {"controls": ["trait"], "weight": "weight", "earlier": "earlier", "past": ["past"]}


def drawn(seed: int = 1, n: int = 600, **changed) -> pd.DataFrame:
    return simulate_bias_autopsy(np.random.default_rng(seed), n=n, **WORLD | changed)[0]


def fit(data: pd.DataFrame, **more) -> Result:
    return fit_bias_autopsy(data, **{"outcome": "outcome"} | GIVEN | more)


def at(result: Result, term: str, correction: str = "", column: str = "estimate"):
    return result.estimates.set_index(["term", "correction"])[column][(term, correction)]


def steps(result: Result) -> pd.DataFrame:
    return result.estimates[result.estimates["term"] == "step"].set_index("correction")


def check(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


@pytest.fixture(scope="module")
def one() -> tuple[pd.DataFrame, Result, dict]:
    data = drawn(without=0.0, n=400)
    return data, fit(data, keep_influence=True), sixteen(data)


def test_all_sixteen_figures_and_their_errors_equal_the_twin(one):
    data, result, slow = one
    table = result.tables["specifications"]
    assert len(table) == 16
    for row in table.to_dict("records"):
        estimate, moved = slow[frozenset(name for name in NAMES if row[name])]
        assert row["estimate"] == pytest.approx(estimate, rel=1e-9)
        assert row["std_error"] == pytest.approx(error(moved, len(data)), rel=1e-9)


def test_steps_in_every_order_and_their_mean_have_the_errors_of_their_differences(one):
    data, result, slow = one
    g, nothing = len(data), frozenset()
    sums = {name: (0.0, dict.fromkeys(data["entity"], 0.0)) for name in NAMES}
    values = {name: [] for name in NAMES}
    for order in permutations(NAMES):
        rows = result.tables["orders"].query("order == @named", local_dict={"named": ", ".join(order)})
        assert rows["correction"].tolist() == list(order)
        before = nothing
        for row in rows.to_dict("records"):
            (a, of_a), (b, of_b) = slow[before | {row["correction"]}], slow[before]
            moved = {who: of_a[who] - of_b[who] for who in of_a}
            assert row["estimate"] == pytest.approx(a - b, abs=1e-8)
            assert row["std_error"] == pytest.approx(error(moved, g), rel=1e-7)
            before |= {row["correction"]}
            total, whole = sums[row["correction"]]
            sums[row["correction"]] = (total + (a - b) / 24, {who: whole[who] + moved[who] / 24 for who in whole})
            values[row["correction"]].append(a - b)
    for name, (mean, moved) in sums.items():
        assert at(result, "shapley", name) == pytest.approx(mean, abs=1e-8)
        assert at(result, "shapley", name, "std_error") == pytest.approx(error(moved, g), rel=1e-7)
        assert at(result, "lowest", name) == pytest.approx(min(values[name]), abs=1e-8)
        assert at(result, "highest", name) == pytest.approx(max(values[name]), abs=1e-8)
        assert at(result, "lowest", name, "conf_low") < min(values[name]) <= at(result, "step", name)


def test_ends_do_not_hang_on_the_order_and_steps_lead_from_one_to_the_other():
    data = drawn(without=0.2)
    found = [fit(data, corrections=order) for order in (NAMES, NAMES[::-1], NAMES[2:] + NAMES[:2])]
    for result in found:
        assert at(result, "slide") + steps(result)["estimate"].sum() == pytest.approx(at(result, "defensible"))
        over = result.estimates[result.estimates["term"] == "shapley"]["estimate"].sum()
        assert at(result, "slide") + at(result, "step", "rows") + over == pytest.approx(at(result, "defensible"))
        for column in ("estimate", "std_error", "conf_low", "conf_high"):
            assert at(result, "slide", "", column) == pytest.approx(at(found[0], "slide", "", column))
            assert at(result, "defensible", "", column) == pytest.approx(at(found[0], "defensible", "", column))
    assert steps(found[1]).index.tolist() == ["rows", *NAMES[::-1]]
    gap = [abs(at(found[0], "step", n) - at(found[1], "step", n)) for n in NAMES]
    assert max(gap) > 1  # the order does move the steps


def test_the_slide_is_the_plain_difference_of_means_of_all_answers():
    data = drawn(without=0.3)
    data.loc[data.index[:5], "metric"] = np.nan
    data.loc[data.index[5:9], "outcome"] = np.nan
    known = data.dropna(subset=["metric", "outcome"])
    plain = known[known["metric"] >= 9]["outcome"].mean() - known[known["metric"] <= 6]["outcome"].mean()
    result = fit(data)
    assert at(result, "slide") == pytest.approx(plain)
    whole = known.dropna()
    kept = whole[whole["metric"] >= 9]["outcome"].mean() - whole[whole["metric"] <= 6]["outcome"].mean()
    assert at(result, "step", "rows") == pytest.approx(kept - plain)
    counted = result.tables["rows"].set_index("what")["n"]
    assert counted["left out, no score or no outcome"] == 9
    assert counted["left out, without what the corrections take"] == len(known) - len(whole)
    assert counted["answers in every specification"] == result.n_obs == len(whole)
    assert f"{len(known) - len(whole)} of {len(known):,} answers" in check(result, "same_rows").sentence


@pytest.mark.parametrize(
    ("bias", "own", "sign"),
    [
        ({"sorting": 1.0}, "sorting", -1),
        ({"non_response": 2.0, "tilt": 0.15}, "non_response", -1),
        ({"noise": 1.2}, "regression_to_mean", 1),
        ({"noise": 1.2, "passing": 6.0}, "regression_to_mean", -1),
        ({"reverse": 0.8}, "reverse_direction", -1),
    ],
)
def test_a_bias_alone_is_taken_off_by_its_own_step_and_by_no_other(bias, own, sign):
    data, truth = simulate_bias_autopsy(np.random.default_rng(7), n=60_000, **bias)
    result = fit(data)
    table = steps(result)
    ratio = table["estimate"] / table["std_error"]
    assert sign * ratio[own] > 20
    assert ratio.drop(own).abs().max() < 4
    off = at(result, "per_point") - truth["per_point"]
    assert abs(off) < 4 * at(result, "per_point", "", "std_error")
    assert at(result, "defensible") == pytest.approx(at(result, "per_point") * at(result, "gap"))
    plain = at(result, "slide") / result.tables["specifications"]["gap"][0]
    assert abs(plain - truth["per_point"]) > 10 * at(result, "per_point", "", "std_error")


def test_earlier_answers_tell_how_much_of_the_gap_lasts():
    data = simulate_bias_autopsy(np.random.default_rng(3), n=60_000, noise=1.8)[0]  # half of the variance passes
    result = fit(data)
    share = at(result, "lasting_gap") / at(result, "gap")
    assert share == pytest.approx(0.5, abs=0.02)
    table = result.tables["specifications"]
    others = table[table["sorting"] & table["non_response"] & table["reverse_direction"]]
    plain = others[~others["regression_to_mean"]]["estimate"].iloc[0]
    assert at(result, "per_promoter") == pytest.approx(plain, rel=0.02)  # where what passes brings no money
    assert at(result, "defensible") > 1.8 * plain


def test_what_a_promoter_is_worth_has_the_error_of_a_product(one):
    result = one[1]
    price, points = at(result, "per_point"), at(result, "lasting_gap")
    moved = price * result.influence["lasting_gap"] + points * result.influence["per_point"]
    n = len(moved)
    assert at(result, "per_promoter") == pytest.approx(price * points)
    assert at(result, "per_promoter", "", "std_error") == pytest.approx(np.sqrt(moved @ moved * n / (n - 1)))


@pytest.mark.parametrize(
    ("left", "correction", "said"),
    [
        ({"controls": ()}, "sorting", "no column is named that tells who customers are"),
        ({"weight": None}, "non_response", "no column is named that tells what an answer stands for"),
        ({"earlier": None}, "regression_to_mean", "no column is named with an earlier answer"),
        ({"past": ()}, "reverse_direction", "no column is named with the money before"),
    ],
)
def test_a_correction_without_its_column_is_refused_and_the_others_are_made(left, correction, said):
    data = drawn()
    result, others = fit(data, **left), fit(data, corrections=[n for n in NAMES if n != correction])
    for term in ("step", "shapley", "lowest", "highest"):
        assert not at(result, term, correction, "identified")
        assert said in at(result, term, correction, "reason")
    assert at(result, "defensible") == at(others, "defensible")
    assert len(result.tables["specifications"]) == 8
    assert check(result, "all_corrections").passed is False
    assert said in check(result, "all_corrections").sentence
    assert at(result, "lasting_gap", "", "identified") == (correction != "regression_to_mean")


@pytest.mark.parametrize(
    ("change", "correction", "said"),
    [
        ({"weight": lambda d: 2.0}, "non_response", "all weights are alike"),
        ({"past": lambda d: 7.0}, "reverse_direction", "alike for all"),
        ({"trait": lambda d: "all"}, "sorting", "alike for all"),
        ({"trait": lambda d: d["metric"] >= 9}, "sorting", "nothing that parts promoters from detractors"),
        ({"trait": lambda d: d["entity"].astype(str)}, "sorting", "clusters are too few to hold"),
        ({"earlier": lambda d: np.random.default_rng(5).normal(size=len(d))}, "regression_to_mean", "tells too little"),
        ({"earlier": lambda d: d["trait"] * 3}, "regression_to_mean", "F 0.0"),
        ({"earlier": lambda d: d["earlier"].where(d.index % 5 == 0)}, "regression_to_mean", "20\u00a0% of the answers"),
    ],
)
def test_a_column_that_tells_nothing_is_refused_with_its_reason(change, correction, said):
    data = drawn().assign(**change)
    result = fit(data)
    assert said in at(result, "step", correction, "reason")
    assert at(result, "defensible") == at(fit(data, corrections=[n for n in NAMES if n != correction]), "defensible")
    assert result.n_obs == len(data)


def test_without_any_correction_there_is_a_slide_and_nothing_defensible():
    result = fit_bias_autopsy(drawn(), outcome="outcome")
    assert at(result, "slide", "", "identified")
    assert at(result, "defensible", "", "reason") == "none of the corrections is possible"
    assert check(result, "all_corrections").passed is False
    assert len(result.tables["orders"]) == 0


def test_bands_that_hardly_anybody_is_in_tell_nothing():
    result = fit(drawn(), high=14.0)
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.contains("fewer than 10 clusters").all()
    assert all(c.passed is not True for c in result.checks)
    assert result.vcov is None
    assert not fit(drawn().assign(outcome=3.0)).estimates["identified"].any()
    flat = drawn().assign(outcome=lambda d: (d["metric"] >= 9) * 1.0)
    assert "does not vary within bands" in at(fit_bias_autopsy(flat, outcome="outcome"), "slide", "", "reason")


def test_levels_of_a_column_and_periods_are_held_as_dummies():
    data = drawn(n=900).assign(trait=lambda d: np.where(d["trait"] > 0, "b", "a"), period=lambda d: d["entity"] % 3)
    as_numbers = data.assign(trait=(data["trait"] == "b") * 1.0, second=data["period"] == 1, third=data["period"] == 2)
    held = fit(as_numbers.assign(period=0), controls=["trait", "second", "third"])
    for term in ("slide", "defensible"):
        assert at(fit(data), term) == pytest.approx(at(held, term))


def test_clusters_of_several_customers_are_moved_together():
    data = drawn()
    pairs = data.assign(pair=data["entity"] // 2)
    wide, narrow = fit(pairs, cluster="pair", keep_influence=True), fit(data, keep_influence=True)
    summed = narrow.influence.groupby(narrow.influence.index // 2).sum()
    pd.testing.assert_frame_equal(wide.influence.sort_index(), summed.sort_index(), check_names=False, atol=1e-10)


def test_checks_see_what_they_are_there_to_see():
    fine = fit(drawn(n=4000, without=0.0, sorting=0.0, reverse=0.0, non_response=0.0))
    passed = {c.name: c.passed for c in fine.checks}
    assert all(passed.values()), passed
    heavy = drawn().assign(weight=lambda d: np.where(d.index == 0, 400.0, d["weight"]))
    assert check(fit(heavy), "largest_weight").passed is False
    assert check(fit(heavy), "effective_size").passed is False
    assert check(fit(drawn(n=2000, sorting=2.0)), "overlap").passed is False
    bent = drawn(n=2000).assign(outcome=lambda d: d["outcome"] + 10 * d["metric"].between(6, 9))
    assert check(fit(bent), "straight_line").passed is False
    assert check(fit(drawn(n=120)), "both_bands").passed is False
    odd = drawn().assign(outcome=lambda d: np.where(d["metric"] == d["metric"].max(), 1e5, d["outcome"]))
    assert check(fit(odd), "most_influential").passed is False
    assert check(fit(drawn(noise=3.0)), "second_answers").passed is False
    lost = drawn(n=3000).assign(earlier=lambda d: d["earlier"].where((d["outcome"] > 95) | (d["metric"] > 7)))
    assert check(fit(lost), "same_rows").passed is False


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"corrections": ["sortin"]}, "there is no 'sortin'"),
        ({"corrections": []}, "name one or more"),
        ({"corrections": ["sorting", "sorting"]}, "each once"),
        ({"low": 9.0}, "the bands overlap"),
        ({"least_share": 0.0}, "least_share"),
        ({"controls": ["earlier"]}, "earlier: named twice"),
        ({"past": ["nothing"]}, "lacks the columns nothing"),
        ({"weight": "name"}, "name: no numbers"),
        ({"weight": "minus"}, "missing, negative or infinite"),
        ({"outcome": "empty"}, "no row has both"),
    ],
)
def test_what_cannot_be_meant_is_refused(changed, said):
    data = drawn(n=100).assign(name="x", minus=-1.0, empty=np.nan)
    with pytest.raises(DataError, match=said):
        fit(data, **changed)
