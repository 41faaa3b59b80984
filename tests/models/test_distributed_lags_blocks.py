"""Distributed lags from blocks of whole entities: numbers, errors and refusals of rows in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.blocks import read_blocks
from coroi.models.distributed_lags import fit_distributed_lags, simulate_distributed_lags
from coroi.results import Result

NAMES = {"outcome": "outcome", "metric": "metric"}


def draw(n: int = 60, periods: int = 24, seed: int = 1) -> pd.DataFrame:
    """Draw a panel with rows and values missing, a control, and entities seen once."""
    rng = np.random.default_rng(seed)
    data = simulate_distributed_lags(rng, n=n, periods=periods)[0]
    data["tickets"] = rng.poisson(2.0, len(data))
    data["shop"] = data["entity"] % 13
    data = data[(rng.random(len(data)) > 0.05) & ((data["entity"] > 4) | (data["period"] < 4))].copy()
    data.loc[rng.random(len(data)) < 0.05, "metric"] = np.nan
    data.loc[rng.random(len(data)) < 0.05, "outcome"] = np.nan
    return data


def blocks(data: pd.DataFrame, controls=(), cluster=None):
    names = ("outcome", "metric", *controls)
    panel = read_blocks(data, names, entity="entity", period="period", cluster=cluster, complete_only=False)
    return replace(panel, block_rows=150)


def same(one: Result, other: Result) -> None:
    assert (one.spec["computed"], other.spec["computed"]) == ("rows in memory", "in blocks of whole entities")
    pd.testing.assert_frame_equal(other.estimates, one.estimates, rtol=1e-9, atol=1e-11)
    assert (one.n_obs, one.n_entities) == (other.n_obs, other.n_entities)
    pd.testing.assert_frame_equal(other.tables["rows"], one.tables["rows"])
    assert one.spec["errors"] == other.spec["errors"]
    told, also = ({c.name: c.passed for c in each.checks} for each in (one, other))
    assert {name: told[name] for name in also} == also
    assert set(told) - set(also) <= ({"most_influential"} if one.spec["effects"] == "none" else set())
    if one.vcov is not None:
        np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-8, atol=1e-12)
    if one.influence is not None:
        pd.testing.assert_frame_equal(other.influence, one.influence, rtol=1e-8, atol=1e-11, check_names=False)


@pytest.mark.parametrize("effects", ["both", "entity", "none"])
@pytest.mark.parametrize("errors", ["clustered", "serial"])
@pytest.mark.parametrize("shape", ["free", "almon"])
def test_blocks_give_the_numbers_of_rows_in_memory(effects, errors, shape):
    data = draw()
    asked = {"lags": 3, "effects": effects, "errors": errors, "shape": shape, "controls": ["tickets"]}
    asked |= {"keep_influence": True}
    same(
        fit_distributed_lags(data, **NAMES, **asked), fit_distributed_lags(blocks(data, ["tickets"]), **NAMES, **asked)
    )


def test_clusters_of_entities_come_with_the_blocks():
    data, asked = draw(), {"lags": 2, "keep_influence": True}
    whole = fit_distributed_lags(data, **NAMES, **asked, cluster="shop")
    same(whole, fit_distributed_lags(blocks(data, cluster="shop"), **NAMES, **asked))


def test_a_frame_is_read_in_blocks_by_its_size():
    data = draw()
    same(fit_distributed_lags(data, **NAMES, lags=2), fit_distributed_lags(data, **NAMES, lags=2, most_rows=100))
    for asked in ({"effects": "period"}, {"errors": "classical"}, {"cluster": "shop"}):
        found = fit_distributed_lags(data, **NAMES, lags=2, most_rows=100, **asked)
        assert found.spec["computed"] == "rows in memory"


def test_blocks_equal_dummies_and_scores_summed_by_hand():
    data = draw(n=25, periods=9)
    cell = {(r.entity, r.period): r for r in data.itertuples()}
    rows = []
    for who, when in sorted(cell):
        past = [cell[who, when - k].metric if (who, when - k) in cell else np.nan for k in range(3)]
        rows.append((who, when, cell[who, when].outcome, *past))
    rows = [row for row in rows if np.isfinite(row).all()]
    rows = [row for row in rows if sum(other[0] == row[0] for other in rows) > 1]
    who, when, y = (np.array([row[i] for row in rows]) for i in range(3))
    dummies = np.hstack([(each[:, None] == np.unique(each)).astype(float) for each in (who, when)])
    x = np.column_stack([np.array([row[3:] for row in rows]), dummies])
    bread = np.linalg.pinv(x.T @ x)
    coef = bread @ x.T @ y
    scores = np.array(
        [sum(x[i] * (y[i] - x[i] @ coef) for i in np.flatnonzero(who == each)) for each in np.unique(who)]
    )
    g = len(scores)
    covariance = bread @ scores.T @ scores @ bread * g / (g - 1)
    last = fit_distributed_lags(blocks(data), **NAMES, lags=2).estimates.iloc[-1]
    assert last["estimate"] == pytest.approx(coef[:3].sum(), rel=1e-8)
    assert last["std_error"] == pytest.approx(np.sqrt(covariance[:3, :3].sum()), rel=1e-8)


@pytest.mark.parametrize("what", ["constant", "fixed", "zeros", "few", "short", "combined"])
def test_refusals_are_those_of_rows_in_memory(what):
    data = draw()
    if what == "constant":
        data["metric"] = 7.0
    if what == "fixed":
        data["metric"] = data["entity"] % 10 + 0.0
    if what == "zeros":
        data["outcome"] = 0.0
    if what == "few":
        data = data[data["entity"] < 9]
    if what == "short":
        data = data[data["period"] < 3]
    if what == "combined":
        data["metric"] = data["period"] * (data["entity"] + 1.0)
    one, other = (fit_distributed_lags(d, **NAMES, lags=3) for d in (data, blocks(data)))
    assert not one.estimates["identified"].any()
    same(one, other)


def test_what_takes_all_rows_is_refused_of_blocks():
    with pytest.raises(DataError, match="blocks take no 'period' effects"):
        fit_distributed_lags(blocks(draw()), **NAMES, lags=1, effects="period")
    with pytest.raises(DataError, match="clustered or serial errors"):
        fit_distributed_lags(blocks(draw()), **NAMES, lags=1, errors="classical")
