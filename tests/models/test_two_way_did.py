"""The two-way regression: taken apart exactly, and wrong where effects grow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.two_by_two import EARLIER_LATER, LATER_EARLIER, NEVER_TREATED
from coroi.models.two_way_did import fit_two_way_did, simulate_two_way_did
from coroi.results import Result

GROWS = tuple(0.3 * h for h in range(1, 13))


def drawn(seed: int, **asked: object) -> pd.DataFrame:
    options = {"n": 24, "periods": 12, "starts": (3, 5, 8), "path": GROWS} | asked
    return draw_roll_out(np.random.default_rng(seed), **options)[0]


def fit(data: pd.DataFrame, **asked: object) -> Result:
    return fit_two_way_did(data, outcome="outcome", **asked)


def coefficient(data: pd.DataFrame, weight: str | None = None) -> float:
    """Regress on dummies of everything."""
    on = (data["period"] >= data["first_treated"]).to_numpy(float)
    x = np.column_stack([on, pd.get_dummies(data["entity"]), pd.get_dummies(data["period"])]).astype(float)
    root = np.sqrt(np.ones(len(data)) if weight is None else data[weight].to_numpy())
    return float(np.linalg.lstsq(x * root[:, None], data["outcome"].to_numpy() * root, rcond=None)[0][0])


@pytest.mark.parametrize("never", [0.0, 0.25])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_comparisons_add_up_to_the_coefficient(never, weight):
    data = drawn(1, never=never).assign(weight=lambda d: 1 + d["entity"] % 3)
    result = fit(data, weight=weight)
    rows = result.tables["comparisons"]
    total = float((rows["weight"] * rows["estimate"]).sum())
    assert total == pytest.approx(result.estimates["estimate"][0], rel=1e-10)
    assert total == pytest.approx(coefficient(data, weight), rel=1e-9)
    assert rows["weight"].sum() == pytest.approx(1)
    assert (rows["weight"] > 0).all()


def test_every_comparison_is_the_regression_of_its_own_two_cohorts():
    data = drawn(2)
    for row in fit(data).tables["comparisons"].itertuples():
        other = (
            data["first_treated"].isna() if np.isnan(row.compared_with) else data["first_treated"] == row.compared_with
        )
        own = data[(data["first_treated"] == row.treated) | other]
        if row.kind == EARLIER_LATER:
            own = own[own["period"] < row.compared_with]
        if row.kind == LATER_EARLIER:
            own = own[own["period"] >= row.compared_with]
        own = own.assign(first_treated=own["first_treated"].where(own["first_treated"] == row.treated))
        assert row.estimate == pytest.approx(coefficient(own), rel=1e-9), row
    kinds = fit(data).tables["kinds"].set_index("kind")["n_comparisons"]
    assert kinds.to_dict() == {NEVER_TREATED: 3, EARLIER_LATER: 3, LATER_EARLIER: 3}


def test_growing_effects_are_understated_by_half_and_the_check_says_why():
    """The truth is the mean effect over treated rows."""
    frame, effect = draw_roll_out(
        np.random.default_rng(3), n=400, periods=12, starts=(3, 5, 8), path=GROWS, never=0.0, noise=0.1
    )
    truth = effect[frame["period"] >= frame["first_treated"]].mean()
    result = fit(frame)
    assert result.estimates["estimate"][0] < 0.5 * truth
    check = result.checks[0]
    assert check.passed is False
    wrong = check.table.set_index("kind").loc[LATER_EARLIER]
    assert f"{100 * wrong['weight']:.0f} % of the weight" in check.sentence
    assert wrong["estimate"] < 0


def test_one_date_beside_never_treated_units_has_no_forbidden_comparison():
    result = fit(drawn(4, starts=(5,)))
    assert result.checks[0].passed is True
    assert result.tables["kinds"].set_index("kind").loc[LATER_EARLIER, "weight"] == 0


def test_the_period_before_the_start_is_the_base_and_leads_are_given():
    data, truth = simulate_two_way_did(
        np.random.default_rng(5), n=60, periods=10, starts=(4, 6), effect=2.0, noise=1e-9
    )
    rows = fit(data).estimates
    path = rows[rows["term"] == "event_time"].set_index("event_time")
    assert -1.0 not in path.index
    assert path.loc[path.index >= 0, "estimate"].tolist() == pytest.approx([2.0] * 6, abs=1e-7)
    assert path.loc[path.index < -1, "estimate"].tolist() == pytest.approx([0.0] * 5, abs=1e-7)
    assert truth["static"] == 2.0


def test_without_never_treated_units_the_earliest_time_gives_way():
    rows = fit(drawn(6, never=0.0)).estimates
    path = rows[rows["term"] == "event_time"]
    assert path.loc[~path["identified"], "event_time"].tolist() == [-8.0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.iloc[1:], "some units are not seen in every period"),
        (lambda d: d.assign(weight=1.0 + d["period"]), "weights of units change over time"),
    ],
)
def test_what_cannot_be_taken_apart_says_so(change, told):
    data = change(drawn(7).assign(weight=1.0))
    result = fit(data, weight="weight")
    assert result.checks[0].passed is None
    assert told in result.checks[0].sentence
    assert "comparisons" not in result.tables
    assert result.estimates["estimate"][0] == pytest.approx(coefficient(data, "weight"), rel=1e-9)


def test_a_roll_out_without_a_comparison_is_refused_in_one_row():
    result = fit(drawn(8).assign(first_treated=5.0))
    assert len(result.estimates) == 1
    assert "every unit is treated from the same period on" in result.estimates["reason"][0]
