"""Weights for answers equal those of a logit by statsmodels, and carry answers to all who were asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from coroi.errors import DataError
from coroi.inference.answer_weights import answer_weights


def drawn(n: int = 3000, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    money, kind = 1e4 + 100 * rng.normal(size=n), rng.choice(["a", "b", "c"], size=n)
    odds = -0.5 + 0.01 * (money - 1e4) + 0.8 * (kind == "b")
    return pd.DataFrame({"money": money, "kind": kind, "spoke": (rng.random(n) < 1 / (1 + np.exp(-odds))) * 1})


def weigh(data: pd.DataFrame) -> tuple[np.ndarray, str]:
    return answer_weights(data, answered="spoke", covariates=["money", "kind"])


def test_they_are_one_over_the_chances_of_a_logit():
    data = drawn()
    weight, reason = weigh(data)
    theirs = smf.logit("spoke ~ I((money - 1e4) / 100) + C(kind)", data).fit(disp=0).predict(data)
    assert reason == ""
    assert np.isnan(weight[data["spoke"] == 0]).all()
    np.testing.assert_allclose(weight[data["spoke"] == 1], 1 / theirs[data["spoke"] == 1], rtol=1e-6)


def test_weighted_answers_are_like_everybody_in_the_covariates():
    data = drawn(n=200_000)
    weight = np.nan_to_num(weigh(data)[0])
    plain = data.loc[data["spoke"] == 1, "money"].mean() - data["money"].mean()
    assert plain > 30
    assert abs(weight @ data["money"] / weight.sum() - data["money"].mean()) < 1
    assert weight.sum() == pytest.approx(len(data), rel=0.01)


def test_rows_without_a_covariate_have_none_and_leave_the_others_as_they_would_be():
    data = drawn()
    data.loc[:99, "money"] = np.nan
    weight, _ = weigh(data)
    assert np.isnan(weight[:100]).all()
    np.testing.assert_allclose(weight[100:], weigh(data.iloc[100:])[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spoke": lambda d: (d["money"] > 1e4) * 1}, "part those who answer"),
        ({"spoke": lambda d: (d.index < 5) * 1}, "too few answers"),
        ({"kind": lambda d: d.index.astype(str)}, "too few answers"),
    ],
)
def test_there_are_none_where_nothing_can_be_fitted(change, said):
    weight, reason = weigh(drawn().assign(**change))
    assert said in reason
    assert np.isnan(weight).all()


def test_where_everybody_answers_each_stands_for_one():
    weight, reason = weigh(drawn().assign(spoke=1))
    assert reason == ""
    assert (weight == 1).all()


def test_what_cannot_be_read_is_refused():
    with pytest.raises(DataError, match="lack the columns money"):
        weigh(drawn().drop(columns="money"))
    with pytest.raises(DataError, match="more than 0 and 1"):
        weigh(drawn().assign(spoke=2))
