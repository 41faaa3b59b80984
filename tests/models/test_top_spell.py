"""Time at the top: shares that last, what cannot be told, gaps and returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.errors import DataError
from coroi.models.top_spell import fit_top_spell, simulate_top_spell
from coroi.results import Result


def drawn(seed: int = 1, **changed) -> pd.DataFrame:
    asked = {"firms": 200, "periods": 10, "loses": -0.5, "reaches": 0.4} | changed
    return simulate_top_spell(np.random.default_rng(seed), **asked)[0]


def fit(data: pd.DataFrame, **more) -> Result:
    return fit_top_spell(data, **{"metric": "score"} | more)


def pick(result: Result, transition: str, term: str, at: str = "") -> pd.Series:
    rows = result.estimates
    return rows[(rows["transition"] == transition) & (rows["term"] == term) & (rows["metric_at"] == at)].iloc[0]


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_estimates_are_those_of_a_general_linear_model(link):
    rng = np.random.default_rng(4)
    data = drawn()
    data = data[rng.random(len(data)) < 0.9]
    known = {(r.entity, r.period): r.top for r in data.itertuples()}
    rows = []
    for r in data.itertuples():
        after = known.get((r.entity, r.period + 1))
        lasted = 1
        while known.get((r.entity, r.period - lasted)) == r.top:
            lasted += 1
        earlier = [known.get((r.entity, t)) for t in range(r.period - lasted + 1)]
        if after is not None:
            rows.append((r.entity, r.top, after != r.top, np.log(lasted), float(1 in earlier), r.score))
    frame = pd.DataFrame(rows, columns=["entity", "top", "event", "log_duration", "again", "score"])
    result = fit(data, link=link)
    kind = sm.families.links.CLogLog() if link == "cloglog" else sm.families.links.Logit()
    for top, transition in ((1, "loses"), (0, "reaches")):
        own = frame[frame["top"] == top]
        x = sm.add_constant(own[["log_duration", "again", "score"]])
        model = sm.GLM(own["event"].astype(float), x, family=sm.families.Binomial(kind))
        theirs = model.fit(tol=1e-12, maxiter=200)
        for term, name in (("constant", "const"), ("log_duration",) * 2, ("again",) * 2, ("score",) * 2):
            assert pick(result, transition, term)["estimate"] == pytest.approx(theirs.params[name], abs=1e-6)
    assert result.tables["rows"]["rows"].iloc[-1] == len(frame) == result.n_obs


@pytest.mark.parametrize("horizon", [1, 4])
def test_the_share_that_lasts_is_the_product_of_chances_and_its_error_the_derivatives(horizon):
    result = fit(drawn(), horizon=horizon, step=0.5)
    for transition in ("loses", "reaches"):
        names = ["constant", "log_duration", "again", "score"]
        coef = np.array([pick(result, transition, n)["estimate"] for n in names])
        data = drawn()
        at_risk = data[(data["top"] == (transition == "loses")) & (data["period"] < 9)]
        centre = float(at_risk["score"].mean())

        def lasting(beta, plus, mean=centre):
            left = 1.0
            for t in range(1, horizon + 1):
                left *= np.exp(-np.exp(beta @ [1.0, np.log(t), 0.0, mean + plus]))
            return left

        labels = [f"{transition}: {n}" for n in names]
        vcov = result.vcov.loc[labels, labels].to_numpy()
        for at, value in (
            ("as it is", lambda b: lasting(b, 0.0)),
            ("one step better", lambda b: lasting(b, 0.5)),
            ("difference", lambda b: lasting(b, 0.5) - lasting(b, 0.0)),
        ):
            slope = np.array([(value(coef + 1e-6 * e) - value(coef - 1e-6 * e)) / 2e-6 for e in np.eye(4)])
            found = pick(result, transition, "still", at)
            assert found["estimate"] == pytest.approx(value(coef), rel=1e-9)
            assert found["std_error"] == pytest.approx(np.sqrt(slope @ vcov @ slope), rel=1e-5)


@pytest.mark.parametrize("seed", range(30))
def test_a_difference_of_shares_leaves_zero_out_only_where_the_slope_does(seed):
    result = fit(drawn(seed, firms=120, loses=-0.2, reaches=0.15), horizon=3)
    for transition in ("loses", "reaches"):
        slope, gap = pick(result, transition, "score"), pick(result, transition, "still", "difference")
        assert gap["conf_low"] < gap["estimate"] < gap["conf_high"]
        if slope["conf_low"] <= 0 <= slope["conf_high"]:
            assert gap["conf_low"] <= 0 <= gap["conf_high"]
        half = (gap["conf_high"] - gap["conf_low"]) / 2
        assert half == pytest.approx(1.98 * gap["std_error"], rel=0.35)


def test_better_firms_keep_the_top_longer_and_reach_it_sooner():
    result = fit(drawn(firms=900))
    assert pick(result, "loses", "score")["conf_high"] < 0 < pick(result, "reaches", "score")["conf_low"]
    assert pick(result, "loses", "still", "difference")["conf_low"] > 0
    assert pick(result, "reaches", "still", "difference")["conf_high"] < 0


@pytest.mark.parametrize(
    ("change", "transition", "reason"),
    [
        (lambda d: d.assign(top=0), "loses", "fewer than 10 firms are followed at the top"),
        (lambda d: d.assign(top=0), "reaches", "fewer than 10 changes are seen of firms below the top"),
        (lambda d: d.assign(top=1), "loses", "fewer than 10 changes are seen of firms at the top"),
        (lambda d: d.assign(top=d["period"] % 2), "loses", "fewer than 10 periods without a change"),
        (lambda d: d[d["period"] % 2 == 0], "loses", "fewer than 10 firms are followed at the top"),
        (lambda d: d[d["entity"] < 9], "reaches", "fewer than 10 firms are followed below the top"),
        (lambda d: d.assign(score=1.0), "loses", "it does not vary"),
        (lambda d: d.assign(score=np.nan), "loses", "fewer than 10 firms"),
    ],
)
def test_what_cannot_be_told_has_a_reason_and_no_number(change, transition, reason):
    result = fit(change(drawn()))
    for term, at in (("score", ""), ("still", "as it is"), ("still", "difference")):
        found = pick(result, transition, term, at)
        assert not found["identified"]
        assert found["reason"].startswith(reason)


def test_a_metric_that_tells_all_changes_gets_no_number():
    data = drawn()
    after = data.sort_values(["entity", "period"]).groupby("entity")["top"].shift(-1)
    result = fit(data.assign(score=after.fillna(0.0) + 0.0))
    for transition in ("loses", "reaches"):
        assert pick(result, transition, "score")["reason"].startswith("some columns tell the events apart")


def test_the_covariance_across_transitions_is_that_of_firms_in_both():
    result = fit(drawn(), keep_influence=True)
    moved = result.influence
    across = result.vcov.loc["loses: score", "reaches: score"]
    g = len(moved)
    assert across == pytest.approx(g / (g - 1) * (moved["loses: score"] * moved["reaches: score"]).sum())
    own = result.vcov.loc["loses: score", "loses: score"]
    assert np.sqrt(own) == pytest.approx(pick(result, "loses", "score")["std_error"])


def test_a_top_that_is_no_yes_or_no_is_refused():
    data = drawn()
    with pytest.raises(DataError, match="3 rows of 'top' are neither 0 nor 1"):
        fit(data.assign(top=data["top"].where(data.index > 2, 2)))
    with pytest.raises(DataError, match="lacks the columns top"):
        fit(data.drop(columns="top"))
