"""Returns and factors laid out by period and firm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.market import Market, read_market

COLUMNS = {"outcome": "r", "metric": "s", "size": None, "industry": "k"}
ROWS = pd.DataFrame(
    {
        "firm": ["b", "a", "a", "b", "c"],
        "month": [1, 1, 2, 4, 2],
        "r": [0.1, 0.2, 0.3, 0.4, 0.5],
        "s": [5.0, 6, 7, 8, np.nan],
        "k": ["x", "x", "y", "x", None],
    }
)
FACTORS = pd.DataFrame({"month": [2, 1, 3], "market": [0.02, 0.01, 0.03], "hml": [np.nan] * 3, "rf": [0.0] * 3})


def read(rows: pd.DataFrame = ROWS, factors: pd.DataFrame = FACTORS) -> Market:
    names = ("market", "smb", "hml")
    return read_market(rows, factors, COLUMNS, names=names, risk_free="rf", entity="firm", period="month")


def test_every_number_finds_its_place():
    market = read()
    nan = np.nan
    np.testing.assert_array_equal(market.periods, [1, 2, 3, 4])
    np.testing.assert_array_equal(market.returns, [[0.2, 0.1, nan], [0.3, nan, 0.5], [nan] * 3, [nan, 0.4, nan]])
    np.testing.assert_array_equal(market.factors, [[0.01], [0.02], [0.03], [nan]])
    assert market.names == ("market",)
    assert market.size is None
    np.testing.assert_array_equal(market.industry, [[0, 0, -1], [1, -1, -1], [-1] * 3, [-1, 0, -1]])


def test_scores_are_set_against_those_of_the_industry():
    market = read()
    np.testing.assert_array_equal(market.score_within_industry[0], [1.0, 0.0, np.nan])
    assert np.isnan(market.score_within_industry[1:]).all()


def test_who_leaves_gets_the_loss_in_its_last_period():
    market = read()
    assert market.survivors.tolist() == [False, True, False]
    after = market.with_loss(-0.5)
    assert after.returns[1, 0] == pytest.approx(1.3 * 0.5 - 1)
    assert after.returns[1, 2] == pytest.approx(1.5 * 0.5 - 1)
    assert after.returns[3, 1] == 0.4
    assert market.returns[1, 0] == 0.3
    assert market.keep(market.survivors).returns.shape == (4, 1)


@pytest.mark.parametrize(
    ("rows", "factors", "said"),
    [
        (pd.concat([ROWS, ROWS.head(1)]), FACTORS, "1 rows repeat"),
        (ROWS, pd.concat([FACTORS, FACTORS.head(1)]), "1 rows repeat"),
        (ROWS, FACTORS.drop(columns="rf"), "lacks the columns rf"),
        (ROWS.drop(columns="s"), FACTORS, "lacks the columns s"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(rows, factors, said):
    with pytest.raises(DataError, match=said):
        read(rows, factors)
