"""Calendar-time portfolios: what sorts, weights and factors do, who leaves, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from coroi.errors import DataError
from coroi.models.portfolio import fit_portfolio, simulate_portfolio
from coroi.results import Check, Result


def drawn(seed: int = 1, **changed) -> pd.DataFrame:
    asked = {"firms": 40, "years": 8, "alpha": 0.01} | changed
    return simulate_portfolio(np.random.default_rng(seed), **asked)[0]


def fit(data: pd.DataFrame, factors: pd.DataFrame | None = None, **more) -> Result:
    if factors is None:
        factors = data.drop_duplicates("period")[["period", "market", "smb", "risk_free"]]
    return fit_portfolio(data, factors=factors, **{"metric": "score"} | more)


def row(result: Result, term: str = "alpha", portfolio: str = "high less low") -> pd.Series:
    rows = result.estimates
    return rows[(rows["term"] == term) & (rows["portfolio"] == portfolio)].iloc[0]


def check(result: Result, name: str) -> Check:
    return next(c for c in result.checks if c.name == name)


def test_alphas_and_exposures_add_up():
    result = fit(drawn())
    for term in ("alpha", "market", "smb", "mean"):
        high, low, both = (row(result, term, p)["estimate"] for p in ("high", "low", "high less low"))
        assert both == pytest.approx(high - low, abs=1e-12)
    periods = result.tables["periods"]
    assert row(result, "mean")["estimate"] == pytest.approx((periods["high"] - periods["low"]).mean())
    assert result.spec["factors"] == ["market", "smb"]
    assert (periods["firms_high"] == 10).all()


def test_names_of_factors_that_are_not_there_are_left_out():
    data = drawn()
    factors = data.drop_duplicates("period")[["period", "market", "risk_free"]].assign(mom=np.nan)
    result = fit(data, factors)
    assert result.spec["factors"] == ["market"]
    assert set(result.estimates["term"]) == {"alpha", "market", "mean"}


def test_value_weights_are_those_of_the_day_when_portfolios_are_formed():
    rng = np.random.default_rng(3)
    data = drawn()
    data["size"] = np.exp(rng.normal(size=len(data)))
    first = data[data["period"] == 12]
    ranked = first.sort_values("score")
    top = ranked.tail(10)
    want = np.average(top["total_return"], weights=top["size"])
    result = fit(data, size="size")
    assert result.tables["periods"].set_index("period").loc[12, "high"] == pytest.approx(want)
    grown = top["size"].to_numpy() * (1 + top["total_return"].to_numpy())
    after = data[data["period"] == 13].set_index("entity").loc[top["entity"], "total_return"].to_numpy()
    assert result.tables["periods"].set_index("period").loc[13, "high"] == pytest.approx(
        np.average(after, weights=grown)
    )
    assert result.spec["weights"] == "size"


def test_within_industries_the_best_of_each_are_held():
    data = drawn()
    data["industry"] = np.where(data["entity"] < 20, "a", "b")
    data["score"] += np.where(data["industry"] == "a", 100, 0)
    plain, within = fit(data), fit(data, industry="industry")
    first = data[data["period"] == 0].sort_values("score")
    best = pd.concat([own.tail(5) for _, own in first.groupby("industry")])
    assert within.tables["periods"]["high"].iloc[0] == pytest.approx(best["total_return"].mean())
    assert plain.tables["periods"]["high"].iloc[0] == pytest.approx(first.tail(10)["total_return"].mean())


def test_a_score_that_only_becomes_known_later_waits():
    data = drawn()
    late = data.assign(score=data["score"].where(data["period"] >= 24))
    periods = fit(late).tables["periods"]
    assert not periods.loc[periods["period"] < 24, "used"].any()
    assert periods.loc[periods["period"] >= 24, "used"].all()
    pd.testing.assert_series_equal(periods["high"].iloc[24:], fit(data).tables["periods"]["high"].iloc[24:])


def test_turnover_is_told_when_portfolios_are_formed():
    turnover = fit(drawn()).tables["turnover"]
    assert turnover["period"].tolist() == list(range(0, 96, 12))
    assert turnover["high"].iloc[0:1].isna().all()
    assert turnover["high"].iloc[1:].between(0.3, 1 + 1e-9).all()
    steady = drawn()
    fixed = steady.assign(score=steady["entity"] + steady["period"] // 12)
    assert fit(fixed).tables["turnover"]["high"].iloc[1:].max() < 0.3


def test_one_firm_that_makes_the_result_is_found():
    data = drawn(alpha=0.0, seed=4)
    data["score"] = data["entity"] + data["period"] // 12 * 0.0
    lucky = data["entity"] == 39
    data.loc[lucky, "total_return"] += 0.3
    data["entity"] = "Firm " + data["entity"].astype(str)
    result = fit(data)
    found = check(result, "best_firm")
    assert found.passed is False
    assert found.table["estimate"].iloc[1] == pytest.approx(row(fit(data[~lucky]))["estimate"])
    assert "Firm" not in found.sentence


def test_survivors_alone_look_better_where_losers_leave():
    gaps = []
    for seed in range(12):
        data = drawn(seed, alpha=0.0, firms=60, leaving=0.02, noise=0.12)
        result = fit(data)
        stays = data[data["entity"].isin(data.loc[data["period"] == 95, "entity"])]
        found = check(result, "survivors")
        assert found.table["estimate"].iloc[1] == pytest.approx(row(fit(stays))["estimate"])
        gaps.append(row(fit(stays), "mean", "high")["estimate"] - row(result, "mean", "high")["estimate"])
    assert np.mean(gaps) > 0.0005


def test_a_loss_on_leaving_is_put_into_the_last_return():
    data = drawn(leaving=0.05)
    last = data.groupby("entity")["period"].transform("max")
    leaves = (data["period"] == last) & (last < 95)
    worse = data.assign(total_return=data["total_return"].where(~leaves, (1 + data["total_return"]) * 0.7 - 1))
    found = check(fit(data), "exits")
    assert leaves.sum() > 3
    assert found.table["estimate"].iloc[1] == pytest.approx(row(fit(worse))["estimate"], rel=1e-9)
    assert "a loss of 30%" in found.sentence or "a loss of 30 %" in found.sentence


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d[d["period"] < 20], "in only 20 periods both portfolios hold"),
        (lambda d: d[d["entity"] < 19], "in only 0 periods both portfolios hold"),
        (lambda d: d.assign(score=1.0), "in only 0 periods both portfolios hold"),
        (lambda d: d.assign(score=np.nan), "in only 0 periods both portfolios hold"),
        (lambda d: d.assign(risk_free=np.nan), "in only 0 periods both portfolios hold"),
    ],
)
def test_what_cannot_be_told_has_a_reason_and_no_number(change, reason):
    result = fit(change(drawn()))
    assert not result.estimates["identified"].any()
    assert result.estimates["reason"].str.startswith(reason).all()
    assert check(result, "best_firm").passed is None


def test_a_factor_that_is_another_has_no_exposure():
    data = drawn().assign(hml=lambda d: 2 * d["market"])
    factors = data.drop_duplicates("period")[["period", "market", "hml", "risk_free"]]
    result = fit(data, factors)
    assert "combination" in row(result, "hml")["reason"]
    assert row(result)["estimate"] == pytest.approx(row(fit(data, factors.drop(columns="hml")))["estimate"])


def test_gaps_in_the_factors_lose_their_months():
    data = drawn()
    factors = data.drop_duplicates("period")[["period", "market", "smb", "risk_free"]]
    result = fit(data, factors[~factors["period"].isin([3, 40])])
    assert result.n_obs == 94


def test_what_repeats_or_lacks_is_refused():
    data = drawn()
    factors = data.drop_duplicates("period")[["period", "market", "smb", "risk_free"]]
    with pytest.raises(DataError, match="1 rows repeat"):
        fit(data, pd.concat([factors, factors.head(1)]))
    with pytest.raises(DataError, match="lacks the columns risk_free"):
        fit(data, factors.drop(columns="risk_free"))


def test_newey_west_is_there_to_be_asked_for():
    data = drawn()
    result = fit(data, errors="newey_west")
    periods = result.tables["periods"]
    factors = data.drop_duplicates("period")[["market", "smb"]].to_numpy()
    theirs = sm.OLS((periods["high"] - periods["low"]).to_numpy(), sm.add_constant(factors)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True}
    )
    assert result.spec["n_parts"] == 3
    assert row(result)["estimate"] == pytest.approx(theirs.params[0], rel=1e-9)
    assert row(result)["std_error"] == pytest.approx(theirs.bse[0], rel=1e-9)
    assert row(result)["conf_high"] - row(result)["estimate"] == pytest.approx(
        stats.t.ppf(0.975, 93) * theirs.bse[0], rel=1e-9
    )


def test_waves_are_few_and_so_are_their_degrees_of_freedom():
    result = fit(drawn(), keep_influence=True)
    assert result.spec["n_parts"] == len(result.influence) == 8
    found = row(result)
    assert found["conf_high"] - found["estimate"] == pytest.approx(stats.t.ppf(0.975, 8) * found["std_error"], rel=1e-9)
    assert fit(drawn(), n_parts=4).spec["n_parts"] == 4
