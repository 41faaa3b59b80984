"""The error of a raked mean: derivatives taken by raking anew, one row's weight at a time, and coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.raking import rake_cells
from coroi.inference.totals import totals_of
from coroi.metrics.nps import nps_parts, score_nps
from coroi.sources import Metric

MARGINS = {"segment": {"basic": 0.5, "plus": 0.3, "business": 0.2}, "region": {"north": 0.4, "south": 0.6}}


def rows(seed: int, n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "segment": rng.choice(["basic", "plus", "business"], n, p=[0.3, 0.3, 0.4]),
            "region": rng.choice(["north", "south"], n, p=[0.6, 0.4]),
            "weight": rng.uniform(0.5, 2, n),
        }
    )
    return frame.assign(
        one=rng.normal(size=n) + (frame["segment"] == "plus"), two=rng.normal(size=n) - (frame["region"] == "north")
    )


def twin(frame: pd.DataFrame, start: np.ndarray) -> np.ndarray:
    """Return the weights nearest to `start` in relative entropy: Newton's steps on the dual programme, row by row."""
    levels = [(m, level) for m, shares in MARGINS.items() for level in shares][:-1]  # the last follows from the rest
    design = np.column_stack([(frame[m] == level).to_numpy(float) for m, level in levels])
    targets = np.array([MARGINS[m][level] for m, level in levels])
    base, multipliers = start / start.sum(), np.zeros(len(levels))
    for _ in range(50):
        weights = base * np.exp(design @ multipliers)
        gap = design.T @ weights - targets
        if np.abs(gap).max() < 1e-15:
            break
        multipliers -= np.linalg.solve(design.T @ (weights[:, None] * design), gap)
    return base * np.exp(design @ multipliers)


def by_cell(frame: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    weighed = frame.assign(one=frame["one"] * frame["weight"], two=frame["two"] * frame["weight"])
    cells = weighed.groupby(list(MARGINS), as_index=False)[["weight", "one", "two"]].sum()
    place = frame[list(MARGINS)].merge(cells.reset_index(), on=list(MARGINS))["index"].to_numpy()
    return cells, place


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_factors_are_the_rows_own_and_what_is_left_is_the_derivative_of_the_raked_mean(seed):
    frame = rows(seed)
    cells, place = by_cell(frame)
    found = rake_cells(cells, MARGINS, weight=cells["weight"].to_numpy(), sums=cells[["one", "two"]].to_numpy())
    start = frame["weight"].to_numpy()
    weights = start * found.factors[place]
    np.testing.assert_allclose(weights / weights.sum(), twin(frame, start), rtol=1e-6)
    for part, name in enumerate(("one", "two")):
        values = frame[name].to_numpy()
        mean = weights @ values / weights.sum()
        ours = weights * (values - found.explained[place, part] - mean) / weights.sum()
        theirs = []
        for i in range(len(frame)):
            moved = []
            for sign in (1, -1):
                shaken = start.copy()
                shaken[i] *= 1 + sign * 1e-4
                moved.append(twin(frame, shaken) @ values)
            theirs.append((moved[0] - moved[1]) / 2e-4)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-8)
        assert weights @ found.explained[place, part] / weights.sum() == pytest.approx(0, abs=1e-9)


def test_a_cell_without_weight_counts_nothing():
    cells = pd.DataFrame({"segment": ["a", "b", "b"], "region": ["n", "n", "s"]})
    margins = {"segment": {"a": 0.25, "b": 0.75}}
    found = rake_cells(cells, margins, weight=np.array([2.0, 2.0, 0.0]), sums=np.array([[2.0], [4.0], [0.0]]))
    assert found.factors.tolist() == pytest.approx([0.5, 1.5, 0.0])
    assert found.explained[:2, 0].tolist() == pytest.approx([-0.75, 0.25])  # means 1 and 2, everybody's 1.75


def test_margins_that_cannot_be_met_are_refused():
    with pytest.raises(DataError, match="part of everybody, but without an answer"):
        rake_cells(pd.DataFrame({"s": ["a"]}), {"s": {"a": 0.5, "b": 0.5}}, weight=np.ones(1), sums=np.ones((1, 1)))


SHARES, ANSWERS = {"a": 0.7, "b": 0.3}, {"a": 0.15, "b": 0.45}  # of everybody, and the chance to answer
SCORES = {"a": [0.5, 0.2, 0.3], "b": [0.1, 0.3, 0.6]}  # detractor, passive, promoter


def drawn(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw 1,000 customers of known shares, let some answer once or twice, and return the raked score's interval."""
    segment = np.repeat(list(SHARES), [round(1000 * s) for s in SHARES.values()])
    segment = segment[rng.random(1000) < np.vectorize(ANSWERS.get)(segment)]
    who = np.repeat(np.arange(len(segment)), rng.integers(1, 3, len(segment)))
    lean = np.array([rng.choice(3, p=SCORES[s]) for s in segment])  # a customer says the same again
    promoter, detractor = (lean[who] == 2).astype(float), (lean[who] == 0).astype(float)
    values = np.column_stack([promoter, detractor, promoter - detractor])
    code = (segment[who] == "b").astype(int)
    n = np.bincount(code, minlength=2).astype(float)
    sums = np.array([values[code == c].sum(axis=0) for c in (0, 1)])
    raked = rake_cells(pd.DataFrame({"segment": ["a", "b"]}), {"segment": SHARES}, weight=n, sums=sums)
    weight, left = raked.factors[code], values - raked.explained[code]
    columns = [weight, *(weight[:, None] * left).T]
    totals = totals_of(
        [""],
        list(nps_parts()),
        np.column_stack([np.bincount(who, c) for c in columns])[:, None, :],
        np.bincount(who)[:, None],
    )
    row = score_nps(totals, metric=Metric(scale=(0, 10))).estimates.iloc[0]
    return row["estimate"], row["conf_low"], row["conf_high"]


@pytest.mark.slow
def test_the_raked_scores_interval_holds_everybodys_score_as_often_as_it_says():
    truth = sum(100 * share * (SCORES[s][2] - SCORES[s][0]) for s, share in SHARES.items())
    rng = np.random.default_rng(11)
    found = np.array([drawn(rng) for _ in range(2000)])
    held = ((found[:, 1] <= truth) & (truth <= found[:, 2])).mean()
    assert 0.935 <= held <= 0.965  # three Monte Carlo errors about 95 %
    assert found[:, 0].mean() == pytest.approx(truth, abs=0.5)
