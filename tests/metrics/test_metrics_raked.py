"""Raked answers in the engine: the row-level twin, what is left out, and what cannot be raked."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from survey_answers import CONNECTION, draw_answers

from coroi.inference.raking import rake
from coroi.metrics.nps import nps_parts, score_nps
from coroi.metrics.raked import FEW_OF_A_LEVEL, NO_WEIGHTS, RAKED, rake_answers
from coroi.metrics.totals import sum_by_customer
from coroi.sources import Metric

MARGINS = {"segment": {"a": 0.6, "b": 0.4}, "unit_id": {"n": 0.5, "s": 0.3, "w": 0.2}}
NPS = Metric(scale=(0, 10))


def survey(seed: int) -> pd.DataFrame:
    """Draw answers whose customers have a segment and a unit, those of some not known."""
    frame = draw_answers(seed)
    rng = np.random.default_rng(seed + 50)
    people = frame["customer_id"].unique()
    known = pd.DataFrame(
        {
            "customer_id": people,
            "segment": rng.choice(["a", "b", None], len(people), p=[0.3, 0.6, 0.1]),
            "unit_id": rng.choice(["n", "s", "w"], len(people)),
        }
    )
    return frame.merge(known, on="customer_id")


def by_hand(frame: pd.DataFrame, weight: np.ndarray) -> tuple[float, float]:
    """Rake row by row, and sum the squares of customers' residuals from a weighted regression on all levels."""
    raked = rake(frame, MARGINS, weight=weight).weights
    value = 100.0 * ((frame["score"] >= 9).astype(float) - (frame["score"] <= 6)).to_numpy()
    mean = raked @ value / raked.sum()
    design = pd.get_dummies(frame[list(MARGINS)]).to_numpy(float)
    root = np.sqrt(raked)
    slopes = np.linalg.lstsq(design * root[:, None], value * root, rcond=None)[0]
    influence = (
        pd.Series(raked * (value - design @ slopes)).groupby(frame["customer_id"].to_numpy()).sum() / raked.sum()
    )
    n = len(influence)
    return float(mean), float(np.sqrt((influence**2).sum() * n / (n - 1)))


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("seed", range(3))
def test_the_score_and_its_error_are_those_of_the_rows(seed, weight):
    frame = survey(seed)
    raked = rake_answers(CONNECTION, ibis.memtable(frame), nps_parts(), MARGINS, weight=weight)
    assert raked.reason == ""
    row = score_nps(sum_by_customer(CONNECTION, raked.table, raked.parts, weight=RAKED), metric=NPS).estimates.iloc[0]
    known = frame[frame["segment"].notna()].reset_index(drop=True)
    mean, error = by_hand(known, np.ones(len(known)) if weight is None else known["weight"].to_numpy())
    assert (row["estimate"], row["std_error"]) == pytest.approx((mean, error), rel=1e-8)
    assert row["conf_low"] < mean < row["conf_high"]


def test_the_weights_meet_the_shares():
    raked = rake_answers(CONNECTION, ibis.memtable(survey(1)), nps_parts(), MARGINS, weight="weight")
    rows = CONNECTION.to_pandas(raked.table.select(*MARGINS, w=raked.table[RAKED]))
    for column, shares in MARGINS.items():
        met = rows.groupby(column)["w"].sum() / rows["w"].sum()
        assert met.to_dict() == pytest.approx(shares, abs=1e-9)


def test_few_customers_of_a_level_carry_nobody():
    frame = survey(2)
    few = frame.loc[frame["segment"] == "a", "customer_id"].unique()[:9]
    frame = frame[(frame["segment"] == "b") | frame["customer_id"].isin(few)]
    assert rake_answers(CONNECTION, ibis.memtable(frame), nps_parts(), MARGINS).reason == FEW_OF_A_LEVEL
    alone = {"segment": {"a": 0.0, "b": 1.0}}  # who is no part of everybody need not answer
    assert rake_answers(CONNECTION, ibis.memtable(frame), nps_parts(), alone).reason == ""


def test_shares_that_contradict_each_other_have_no_weights():
    frame = survey(3).dropna()
    frame["unit_id"] = frame["segment"].map({"a": "n", "b": "s"})
    margins = {"segment": {"a": 0.5, "b": 0.5}, "unit_id": {"n": 0.8, "s": 0.2}}
    assert rake_answers(CONNECTION, ibis.memtable(frame), nps_parts(), margins).reason == NO_WEIGHTS
