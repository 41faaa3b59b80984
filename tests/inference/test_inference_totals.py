"""Clustered means from totals: a loop over customers, statsmodels, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from coroi.errors import DataError
from coroi.inference.totals import check_weights, mean_covariance, totals_of

GROUPS, PARTS = ("a", "b", "c"), ("x", "y")


def answers(seed: int, n_customers: int = 40) -> pd.DataFrame:
    """Draw answers in which a customer's own lean the same way, some customers answering in several groups."""
    rng = np.random.default_rng(seed)
    n = 200
    who = rng.integers(n_customers, size=n)
    lean = rng.normal(size=n_customers)[who]
    return pd.DataFrame(
        {
            "who": who,
            "group": rng.choice(GROUPS, size=n),
            "w": rng.uniform(0.2, 3, n),
            "x": lean + rng.normal(size=n),
            "y": (lean + rng.normal(size=n) > 0).astype(float),
        }
    )


def reduced(frame: pd.DataFrame):
    people = np.unique(frame["who"])
    by_customer, n_obs = np.zeros((len(people), 3, 3)), np.zeros((len(people), 3), dtype=int)
    for row in frame.itertuples():
        at = np.searchsorted(people, row.who), GROUPS.index(row.group)
        by_customer[at] += [row.w, row.w * row.x, row.w * row.y]
        n_obs[at] += 1
    return totals_of(GROUPS, PARTS, by_customer, n_obs)


def twin(frame: pd.DataFrame) -> tuple[list[float], np.ndarray]:
    """Sum each customer's residuals by hand, mean by mean."""
    means, residuals = [], []
    for group in GROUPS:
        rows = frame[frame["group"] == group]
        for part in PARTS:
            total = sum(rows["w"])
            mean = sum(w * v for w, v in zip(rows["w"], rows[part], strict=True)) / total
            own = dict.fromkeys(frame["who"], 0.0)
            for row in rows.itertuples():
                own[row.who] += row.w * (getattr(row, part) - mean) / total
            n = rows["who"].nunique()
            means.append(mean)
            residuals.append({who: r * (n / (n - 1)) ** 0.5 for who, r in own.items()})
    covariance = [[sum(one[who] * other[who] for who in one) for other in residuals] for one in residuals]
    return means, np.array(covariance)


@pytest.mark.parametrize("seed", range(4))
def test_means_and_their_covariance_equal_a_loop_over_customers(seed):
    frame = answers(seed)
    totals = reduced(frame)
    means, covariance = twin(frame)
    assert totals.means.ravel() == pytest.approx(means, rel=1e-10)
    np.testing.assert_allclose(mean_covariance(totals), covariance, rtol=1e-9, atol=1e-15)


def test_one_group_equals_statsmodels_clustered_regression_on_a_constant():
    frame = answers(5)
    rows = frame[frame["group"] == "a"]
    fit = sm.WLS(rows["x"], np.ones(len(rows)), weights=rows["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": rows["who"], "use_correction": False}
    )
    g = rows["who"].nunique()
    totals = reduced(frame)
    assert totals.means[0, 0] == pytest.approx(fit.params.iloc[0], rel=1e-10)
    assert np.sqrt(mean_covariance(totals)[0, 0]) == pytest.approx(fit.bse.iloc[0] * np.sqrt(g / (g - 1)), rel=1e-9)


def test_a_groups_error_does_not_hang_on_the_groups_beside_it():
    frame = answers(6)
    alone = reduced(frame[frame["group"] == "b"])
    assert mean_covariance(reduced(frame))[2:4, 2:4] == pytest.approx(mean_covariance(alone)[2:4, 2:4], rel=1e-9)


def test_customers_of_two_groups_tie_them_together():
    frame = answers(7)
    apart = frame.assign(who=frame["who"] + 1000 * frame["group"].map({"a": 0, "b": 1, "c": 2}))
    together, told_apart = mean_covariance(reduced(frame)), mean_covariance(reduced(apart))
    assert np.diag(together) == pytest.approx(np.diag(told_apart), rel=1e-9)
    assert abs(together[0, 2]) > 1e-4
    assert told_apart[0, 2] == 0


def test_answers_that_agree_have_no_variance_whatever_the_weights():
    frame = answers(8).assign(x=0.1, y=1.0)
    assert (mean_covariance(reduced(frame)) == 0).all()


def test_a_group_with_one_customer_has_no_error():
    frame = answers(9)
    rare = frame[(frame["group"] != "c") | (frame["who"] == frame.loc[frame["group"] == "c", "who"].iloc[0])]
    covariance = mean_covariance(reduced(rare))
    assert np.isnan(covariance[4:, :]).all()
    assert np.isfinite(covariance[:4, :4]).all()


def test_the_effective_number_of_customers_is_kishs():
    frame = answers(10)
    by = frame[frame["group"] == "a"].groupby("who")["w"].sum()
    assert reduced(frame).even_customers[0] == pytest.approx(by.sum() ** 2 / (by**2).sum())


@pytest.mark.parametrize("bad", [np.nan, -0.1, np.inf])
def test_weights_that_are_none_are_refused(bad):
    with pytest.raises(DataError, match="2 survey weights are missing, negative or infinite"):
        check_weights(np.array([1.0, bad, 0.0, bad]))
