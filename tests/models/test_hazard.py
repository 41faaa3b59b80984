"""The hazard equals its row-by-row twin and statsmodels, and says why where there is nothing to estimate."""

from __future__ import annotations

import math
from fractions import Fraction

import hazard_twin as twin
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.errors import DataError
from coroi.inference import binary
from coroi.inference.cells import count_cells
from coroi.inference.design import Term
from coroi.models.hazard import fit_hazard
from coroi.models.survival import fit_survival
from coroi.results import Result

LINKS = ["logit", "cloglog"]
COVARIATES = ["score", "state", "tenure", "segment"]
TERMS = [
    Term("score", centre=5.0),
    Term("state", ("answered", "never answered", "answer too old")),
    Term("tenure", ("0–1", "2–3", "4 and more")),  # by position
    Term("segment", ("a", "b", "c")),
]
DUMMIES = {"state": ["never answered", "answer too old"], "tenure": [1, 2], "segment": ["b", "c"]}
LABELS = [
    "constant",
    "score",
    "state[never answered]",
    "state[answer too old]",
    "tenure[2–3]",
    "tenure[4 and more]",
    "segment[b]",
    "segment[c]",
]


def fit(rows: pd.DataFrame, terms=TERMS, *, link="cloglog", weight=None, **more) -> Result:
    names = [term.name for term in terms]
    cells = count_cells(rows, names, event="exited", cluster="customer", weight=weight)
    return fit_hazard(cells, terms=terms, link=link, **more)


def assert_equals(result: Result, coef: np.ndarray, vcov: np.ndarray) -> None:
    found = result.estimates[result.estimates["identified"]]
    assert result.vcov is not None
    assert found["term"].tolist() == list(result.vcov.index) == list(result.vcov.columns)
    assert found["estimate"].to_numpy() == pytest.approx(coef, rel=1e-8)
    errors = np.sqrt(np.diag(vcov))
    assert found["std_error"].to_numpy() == pytest.approx(errors, rel=1e-8)
    assert result.vcov.to_numpy() / np.outer(errors, errors) == pytest.approx(vcov / np.outer(errors, errors), abs=1e-8)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    made = twin.random_rows(1)
    assert made["score"].isna().any() and made["score"].notna().any()
    return made


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("link", LINKS)
def test_estimates_and_covariance_equal_the_twin_on_rows(rows, link, weight):
    result = fit(rows, link=link, weight=weight)
    w = None if weight is None else rows[weight].to_numpy()
    x = twin.matrix(rows, DUMMIES)
    assert_equals(result, *twin.fit(x, rows["exited"].to_numpy(), rows["customer"], link, w))
    assert result.estimates["term"].tolist() == LABELS
    assert (result.n_obs, result.n_entities) == (len(rows), rows["customer"].nunique())


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("link", LINKS)
def test_estimates_and_covariance_equal_statsmodels_on_rows(rows, link, weight):
    family = sm.families.Binomial(
        link={"logit": sm.families.links.Logit(), "cloglog": sm.families.links.CLogLog()}[link]
    )
    groups, names = pd.factorize(rows["customer"])
    weights = {} if weight is None else {"var_weights": rows[weight].to_numpy()}
    model = sm.GLM(rows["exited"].to_numpy(), twin.matrix(rows, DUMMIES), family=family, **weights)
    peer = model.fit(
        method="newton",
        optim_hessian="oim",  # the observed information, from which a robust covariance is made
        tol=1e-14,
        disp=0,
        cov_type="cluster",
        cov_kwds={"groups": groups, "use_correction": False},
    )
    g = len(names)
    assert_equals(fit(rows, link=link, weight=weight), peer.params, peer.cov_params() * g / (g - 1))


@pytest.mark.parametrize("link", LINKS)
def test_a_hundred_thousand_distinct_scores_equal_the_twin(link):
    rng = np.random.default_rng(2)
    n = 100_000
    score = rng.uniform(0, 10, n)
    hazard = 1 / (1 + np.exp(2.5 + 0.2 * (score - 5)))
    rows = pd.DataFrame({"score": score, "exited": (rng.random(n) < hazard).astype(int)})
    rows["customer"] = rng.integers(0, n // 5, n)
    assert rows["score"].nunique() == n
    x = np.column_stack([np.ones(n), score - 5])
    wanted = twin.fit(x, rows["exited"].to_numpy(), rows["customer"], link)
    assert_equals(fit(rows, [Term("score", centre=5.0)], link=link), *wanted)


def test_a_missing_score_leaves_the_slope_to_those_who_answered(rows):
    """With a dummy for each state, what the missing score counts as moves the dummies and nothing else."""
    filled = rows.assign(score=rows["score"].fillna(8.0))
    asked, other = fit(rows), fit(filled)
    same = [0, 1, 4, 5, 6, 7]
    a, b = asked.estimates["estimate"].to_numpy(), other.estimates["estimate"].to_numpy()
    assert a[same] == pytest.approx(b[same], rel=1e-9)
    assert a[[2, 3]] == pytest.approx(b[[2, 3]] + 3 * b[1], rel=1e-9)
    assert asked.estimates["std_error"][1] == pytest.approx(other.estimates["std_error"][1], rel=1e-9)


def test_influence_sums_to_nothing_and_to_the_covariance(rows):
    result = fit(rows, keep_influence=True)
    assert result.influence is not None and result.vcov is not None
    g = rows["customer"].nunique()
    assert result.influence.shape == (g, len(LABELS))
    assert result.influence.sum().to_numpy() == pytest.approx(np.zeros(len(LABELS)), abs=1e-9)
    product = result.influence.T.to_numpy() @ result.influence.to_numpy() * g / (g - 1)
    assert product == pytest.approx(result.vcov.to_numpy(), rel=1e-10)
    assert fit(rows).influence is None


def test_intervals_are_normal_at_the_level_asked_for(rows):
    found = fit(rows, level=0.9).estimates
    half = 1.6448536269514722 * found["std_error"]
    assert found["conf_low"].to_numpy() == pytest.approx((found["estimate"] - half).to_numpy(), rel=1e-12)
    assert found["conf_high"].to_numpy() == pytest.approx((found["estimate"] + half).to_numpy(), rel=1e-12)


def two_groups(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    """Of a + b customers in the first group a leave, of c + d in the second c."""
    exited = [1] * a + [0] * b + [1] * c + [0] * d
    return pd.DataFrame({"group": ["x"] * (a + b) + ["y"] * (c + d), "exited": exited, "customer": range(len(exited))})


def test_two_groups_give_the_log_odds_ratio_and_its_variance():
    a, b, c, d = 12, 88, 30, 50
    rows = fit(two_groups(a, b, c, d), [Term("group", ("x", "y"))], link="logit").estimates.set_index("term")
    correction = math.sqrt((a + b + c + d) / (a + b + c + d - 1))
    assert rows.loc["group[y]", "estimate"] == pytest.approx(math.log(c * b / (d * a)), rel=1e-12)
    assert rows.loc["group[y]", "std_error"] == pytest.approx(
        math.sqrt(1 / a + 1 / b + 1 / c + 1 / d) * correction, rel=1e-12
    )
    assert rows.loc["constant", "estimate"] == pytest.approx(math.log(a / b), rel=1e-12)


def test_two_groups_give_the_log_ratio_of_log_survival():
    rows = fit(two_groups(12, 88, 30, 50), [Term("group", ("x", "y"))]).estimates.set_index("term")
    wanted = math.log(math.log(50 / 80) / math.log(88 / 100))
    assert rows.loc["group[y]", "estimate"] == pytest.approx(wanted, rel=1e-12)


def test_the_same_rows_twice_for_one_customer_add_nothing():
    once = two_groups(12, 88, 30, 50)
    twice = pd.concat([once, once])
    a, b = (fit(r, [Term("group", ("x", "y"))]) for r in (once, twice))
    assert b.vcov.to_numpy() == pytest.approx(a.vcov.to_numpy(), rel=1e-10)


@pytest.mark.parametrize("link", LINKS)
def test_period_dummies_alone_give_the_life_table_and_kaplan_meier(link):
    rng = np.random.default_rng(3)
    n, horizon = 500, 6
    duration = np.minimum(rng.geometric(0.12, n), horizon)
    event = (rng.random(n) < 0.7).astype(int)
    rows = pd.DataFrame(
        [(i, t, int(t == d - 1 and e)) for i, (d, e) in enumerate(zip(duration, event, strict=True)) for t in range(d)],
        columns=["customer", "period", "exited"],
    )
    result = fit(rows, [Term("period", tuple("012345"))], link=link)
    coef = result.estimates["estimate"].to_numpy()
    eta = coef[0] + np.r_[0, coef[1:]]
    hazard = 1 / (1 + np.exp(-eta)) if link == "logit" else 1 - np.exp(-np.exp(eta))
    table = rows.groupby("period")["exited"].agg(["sum", "count"])
    assert hazard == pytest.approx((table["sum"] / table["count"]).to_numpy(), rel=1e-10)
    counts = pd.DataFrame({"band": "all", "duration": duration, "event": event})
    counted = counts.groupby(["band", "duration", "event"]).size().rename("n").reset_index()
    km = fit_survival(counted, bands=["all"], horizon=horizon).estimates["estimate"].iloc[0]
    stays = [1 - Fraction(int(e), int(k)) for e, k in zip(table["sum"], table["count"], strict=True)]
    assert np.prod(1 - hazard) == pytest.approx(km, rel=1e-10)
    assert float(math.prod(stays)) == pytest.approx(km, rel=1e-12)


SEPARATED = "the covariates separate those who leave from those who stay, so no estimate exists"
FLAT = "it does not vary, or is a combination of the terms before it"


def scored(score, exited, **more) -> pd.DataFrame:
    return pd.DataFrame({"score": np.asarray(score, float), "exited": exited, "customer": range(len(exited))} | more)


def some(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return rng.integers(0, 11, n), (rng.random(n) < 0.3).astype(int)


X, Y = some()
TIED = np.where(X == 5, Y, X < 5).astype(int)
FEW = np.where(X < 8, 0, 10)
NOTHING = {
    "no events": (scored(X, 0 * Y), "the event never happens"),
    "all events": (scored(X, 0 * Y + 1), "the event happens in every row"),
    "no rows": (scored([], np.array([], dtype=int)), "there is no row at risk"),
    "one customer": (scored(X, Y).assign(customer=1), "there is but one customer"),
    "two customers": (
        scored(X, Y).assign(customer=np.arange(len(X)) % 2),
        "2 customers are too few to tell the errors of 2 terms",
    ),
    "the low leave": (scored(X, (X < 5).astype(int)), SEPARATED),
    "the high leave": (scored(X, (X >= 5).astype(int)), SEPARATED),
    "all but the tied": (scored(X, TIED), SEPARATED),
    "all of the upper two values": (scored(FEW, np.where(FEW == 10, 1, Y)), SEPARATED),
    "none of the upper two values": (scored(FEW, np.where(FEW == 10, 0, Y)), SEPARATED),
    "two rows": (scored([0, 1], [0, 1]), SEPARATED),
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", NOTHING)
def test_where_nothing_exists_it_says_why(name, link):
    data, why = NOTHING[name]
    result = fit(data, [Term("score", centre=5.0)], link=link, keep_influence=True)
    assert result.estimates["reason"].tolist() == [why, why]
    assert not result.estimates["identified"].any()
    assert result.estimates[["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert result.vcov is None and result.influence is None


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("rows_of_each", [1, 100_000])
def test_separation_is_found_among_few_rows_and_many(link, rows_of_each):
    """With many rows the share that separates is lost in rounding before its coefficient is large."""
    cells = pd.DataFrame({"score": [0, 0, 10], "exited": [0, 1, 1], "customer": [0, 1, 2]})
    rows = cells.loc[np.repeat([0, 1, 2], [9 * rows_of_each, rows_of_each, rows_of_each])]
    result = fit(rows.assign(customer=range(len(rows))), [Term("score", centre=5.0)], link=link)
    assert result.estimates["reason"].tolist() == [SEPARATED, SEPARATED]


def test_a_steep_slope_is_not_taken_for_separation():
    rng = np.random.default_rng(5)
    score = 8 * rng.normal(size=5_000)
    exited = (rng.random(5_000) < 1 / (1 + np.exp(3 - score))).astype(int)
    found = fit(scored(score, exited), [Term("score")], link="logit")
    x = np.column_stack([np.ones(5_000), score])
    assert np.abs(x @ found.estimates["estimate"]).max() > 25
    assert_equals(found, *twin.fit(x, exited, range(5_000), "logit"))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_the_score_moves_its_slope_alone(scale):
    one = fit(scored(X, Y), [Term("score")]).estimates
    other = fit(scored(X * scale, Y), [Term("score")]).estimates
    assert other["estimate"].to_numpy() * [1, scale] == pytest.approx(one["estimate"].to_numpy(), rel=1e-8)
    assert other["std_error"].to_numpy() * [1, scale] == pytest.approx(one["std_error"].to_numpy(), rel=1e-8)


def test_a_fit_that_stops_early_gives_no_number(monkeypatch):
    monkeypatch.setattr(binary, "MAX_ITERATIONS", 2)
    result = fit(scored(X, Y), [Term("score")])
    assert result.estimates["reason"].tolist() == ["the fit did not converge in 2 steps"] * 2


def test_a_constant_score_has_no_slope_and_the_rest_stands():
    data = scored(0 * X + 7, Y, segment=np.where(X < 5, "a", "b"))
    result = fit(data, [Term("score", centre=5.0), Term("segment", ("a", "b"))]).estimates
    assert result["reason"].tolist() == ["", FLAT, ""]
    alone = fit(data, [Term("segment", ("a", "b"))]).estimates
    assert result["estimate"].to_numpy()[[0, 2]] == pytest.approx(alone["estimate"].to_numpy(), rel=1e-12)


def test_a_score_that_nobody_gave_has_no_slope():
    result = fit(scored(np.full(len(Y), np.nan), Y), [Term("score", centre=5.0)]).estimates
    assert result["reason"].tolist() == ["", FLAT]


def test_of_two_equal_columns_the_first_stands():
    data = scored(X, Y, again=X)
    result = fit(data, [Term("score"), Term("again")]).estimates
    assert result["reason"].tolist() == ["", "", FLAT]
    assert result["estimate"][1] == pytest.approx(fit(data, [Term("score")]).estimates["estimate"][1], rel=1e-12)


def test_a_segment_that_repeats_the_tenure_is_named():
    rows = twin.random_rows(6)
    data = rows.assign(segment=np.asarray(["a", "b", "c"])[rows["tenure"]])
    result = fit(data).estimates.set_index("term")
    assert result.loc[["segment[b]", "segment[c]"], "reason"].tolist() == [FLAT, FLAT]
    assert result["identified"].sum() == 6
    x = twin.matrix(data, DUMMIES)[:, :6]
    assert_equals(fit(data), *twin.fit(x, data["exited"].to_numpy(), data["customer"], "cloglog"))


NOBODY, EVERYBODY = "nobody of this level has the event", "everybody of this level has the event"


@pytest.mark.parametrize(("value", "why"), [(0, NOBODY), (1, EVERYBODY)])
@pytest.mark.parametrize("link", LINKS)
def test_a_level_without_a_choice_is_set_aside_with_its_rows(rows, link, value, why):
    """Only customers with a row in the fit count as clusters."""
    data = rows.assign(exited=np.where(rows["segment"] == "b", value, rows["exited"]))
    result = fit(data, link=link)
    assert result.estimates["reason"].tolist() == ["", "", "", "", "", "", why, ""]
    rest = data[data["segment"] != "b"]
    x = twin.matrix(rest, DUMMIES | {"segment": ["c"]})
    assert_equals(result, *twin.fit(x, rest["exited"].to_numpy(), rest["customer"], link))


def test_a_reference_without_a_choice_gives_its_place_to_the_next_level(rows):
    data = rows.assign(exited=np.where(rows["segment"] == "a", 0, rows["exited"]))
    result = fit(data)
    named = result.estimates.set_index("term")
    assert named.index.tolist()[-2:] == ["segment[a]", "segment[c]"]
    assert named.loc["segment[a]", "reason"] == NOBODY
    assert result.spec["terms"][-1]["reference"] == "b"
    rest = data[data["segment"] != "a"]
    x = twin.matrix(rest, DUMMIES | {"segment": ["c"]})
    assert_equals(result, *twin.fit(x, rest["exited"].to_numpy(), rest["customer"], "cloglog"))


def test_setting_a_level_aside_may_leave_another_without_a_choice():
    """All who leave from b are in tenure 1, and everybody of tenure 1 leaves."""
    cells = [("a", "0", 8, 40), ("a", "2", 9, 40), ("b", "0", 0, 30), ("b", "2", 0, 30), ("b", "1", 20, 20)]
    lines = [(s, t, int(i < k)) for s, t, k, n in cells for i in range(n)]
    data = pd.DataFrame(lines, columns=["segment", "tenure", "exited"]).assign(customer=range(len(lines)))
    terms = [Term("segment", ("a", "b")), Term("tenure", ("0", "1", "2"))]
    found = fit(data, terms, link="logit").estimates.set_index("term")
    assert found["reason"].to_dict() == {
        "constant": "",
        "segment[b]": f"{NOBODY}, among the rows that stay",
        "tenure[1]": EVERYBODY,
        "tenure[2]": "",
    }
    assert found.loc["tenure[2]", "estimate"] == pytest.approx(math.log(9 / 31) - math.log(8 / 32), rel=1e-10)


def test_levels_that_leave_no_row_say_so():
    result = fit(two_groups(0, 50, 50, 0), [Term("group", ("x", "y"))]).estimates
    assert result["reason"].tolist() == [
        "every row has a level in which the event happens to nobody or to everybody",
        EVERYBODY,
    ]


def test_a_level_that_no_row_has_says_so():
    result = fit(two_groups(10, 40, 20, 30), [Term("group", ("x", "y", "z"))]).estimates
    assert result["reason"].tolist() == ["", "", "no row has this level"]


def test_a_fit_needs_more_customers_with_a_choice_than_terms():
    """Three customers have rows in the fit; those of the level set aside do not count."""
    data = scored([1, 5, 9, 3, 7, 2] + [4] * 20, [1, 0, 1, 0, 1, 0] + [0] * 20, segment=["a"] * 6 + ["b"] * 20)
    data["customer"] = [0, 1, 2, 0, 1, 2, *range(10, 30)]
    terms = [Term("score"), Term("segment", ("a", "b"))]
    assert fit(data, terms).estimates["reason"].tolist() == ["", "", NOBODY]
    data["customer"] = [0, 1, 0, 1, 0, 1, *range(10, 30)]
    why = "2 customers are too few to tell the errors of 2 terms"
    assert fit(data, terms).estimates["reason"].tolist() == [why, why, NOBODY]


def test_a_column_that_is_not_there_is_named():
    cells = count_cells(two_groups(1, 1, 1, 1), ["group"], event="exited", cluster="customer")
    for term in (Term("scroe"), Term("segmnt", ("x", "y"))):
        with pytest.raises(DataError, match=f"no column '{term.name}'. They have group"):
            fit_hazard(cells, terms=[term])


def test_a_level_that_its_term_does_not_know_is_named():
    with pytest.raises(DataError, match="'group' holds levels that its term does not know, such as y"):
        fit(two_groups(1, 2, 3, 4), [Term("group", ("x", "z"))])
