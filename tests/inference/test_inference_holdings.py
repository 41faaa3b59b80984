"""Portfolios by score, against money counted purse by purse."""

from __future__ import annotations

import numpy as np
import pytest

from coroi.inference.holdings import hold, period_table, published, sides, turnover_table

NAN = float("nan")


def drawn(seed: int, periods: int = 30, firms: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.01, 0.1, (periods, firms))
    returns[rng.random(returns.shape) < 0.05] = NAN
    score = np.repeat(rng.normal(size=(periods // 6, firms)).round(1), 6, axis=0)
    score[:, rng.random(firms) < 0.1] = NAN
    size = np.exp(rng.normal(size=(periods, firms)))
    size[rng.random(size.shape) < 0.05] = NAN
    return returns, score, size


def purses(returns, score, size, share: float, least: int) -> tuple[list, list, list]:
    """Split one unit of money over each side, let it grow, and split what is there anew."""
    purse: dict = {"high": {}, "low": {}}
    series, moved, members = [], [], []
    for t in range(len(returns)):
        if t % 6 == 0:
            able = [i for i in range(returns.shape[1]) if returns[t, i] == returns[t, i] and score[t, i] == score[t, i]]
            able = [i for i in able if size is None or size[t, i] > 0]
            count = int(share * len(able) + 1e-9)
            ranked = sorted(score[t, i] for i in able)
            ok = count >= least and ranked[-count] > ranked[count - 1]
            sets = {"high": [], "low": []}
            if ok:
                sets["high"] = [i for i in able if score[t, i] >= ranked[-count]]
                sets["low"] = [i for i in able if score[t, i] <= ranked[count - 1]]
            for name, chosen in sets.items():
                fresh = {i: 1.0 if size is None else size[t, i] for i in chosen}
                fresh = {i: m / sum(fresh.values()) for i, m in fresh.items()}
                old = {i: m / sum(purse[name].values()) for i, m in purse[name].items()}
                change = sum(abs(fresh.get(i, 0) - old.get(i, 0)) for i in {*fresh, *old}) / 2
                moved.append(change if fresh and old else NAN)
                purse[name] = fresh
        row, held = [], []
        for money in purse.values():
            there = [i for i in money if returns[t, i] == returns[t, i]]
            before = sum(money[i] for i in there)
            for i in there:
                money[i] *= 1 + returns[t, i]
            row.append(sum(money[i] for i in there) / before - 1 if there else NAN)
            held.append(len(there))
        series.append(row)
        members.append(held)
    return series, moved, members


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by_size", [False, True])
def test_returns_and_turnover_are_those_of_purses(seed, by_size):
    returns, score, size = drawn(seed)
    size = size if by_size else None
    formed = np.arange(len(returns)) % 6 == 0
    held = hold(returns, score, size, formed=formed, share=0.3, least=3)
    series, moved, members = purses(returns, score, size, 0.3, 3)
    np.testing.assert_allclose(held.returns(returns), np.array(series).T, rtol=1e-12)
    np.testing.assert_allclose(held.turnover[:, formed].T.ravel(), moved, rtol=1e-12)
    np.testing.assert_array_equal(held.members, np.array(members).T)
    sums = held.weights.sum(axis=2)
    np.testing.assert_allclose(sums[sums > 0], 1.0)


def test_ties_at_the_edge_are_in_and_sides_never_meet():
    score = np.array([1, 1, 1, 2, 2, 3, 4, 4, NAN, 4])
    high, low = sides(score, 0.25, 2)
    assert np.flatnonzero(high).tolist() == [6, 7, 9]
    assert np.flatnonzero(low).tolist() == [0, 1, 2]
    assert not sides(np.ones(10), 0.25, 1).any()
    assert not sides(score, 0.25, 3).any()
    assert not sides(np.full(4, NAN), 0.25, 1).any()


def test_a_score_counts_as_published_when_somebodys_is_new():
    score = np.array([[NAN, NAN], [1, NAN], [1, NAN], [1, 2], [1, 2], [1, NAN], [3, NAN]])
    assert published(score).tolist() == [False, True, False, True, False, False, True]


def test_tables_tell_what_was_held():
    returns, score, _ = drawn(5)
    held = hold(returns, score, None, formed=np.arange(30) % 6 == 0, share=0.3, least=3)
    used = np.arange(30) > 2
    table = period_table(held, np.arange(100, 130), held.returns(returns), np.full(30, 0.001), used)
    assert table["period"].tolist() == list(range(100, 130))
    assert (table["firms_high"] >= 3).all()
    assert table["used"].sum() == 27
    assert turnover_table(held, np.arange(100, 130))["period"].tolist() == [100, 106, 112, 118, 124]
