"""The published form beside the path, and the naive figures: what they equal, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.formula.api as smf
from plain_words import miscounted, misprinted, too_strong
from small_firms import drawn_firms, open_firms

from coroi.studies.firms.elasticity import elasticity_table, elasticity_words, fit_elasticity
from coroi.studies.firms.panel import FirmPanel, read_firms
from coroi.studies.firms.path import check_arrow, fit_arrow, fit_naive, fit_paths, fit_point, past_held


@pytest.fixture
def panel(tmp_path) -> FirmPanel:
    return read_firms(open_firms(tmp_path, {"firms": drawn_firms()}))


def test_it_is_a_regression_of_logs_on_dummies(panel):
    result = fit_elasticity(panel, 0.9)
    rows = result.estimates[result.estimates["errors"] == "cluster"].set_index("estimator")
    frame = panel.frame.assign(y=np.log(panel.frame["market_value"]), x=np.log(panel.frame["satisfaction"]))
    within = smf.ols("y ~ x + C(entity) + C(period)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": frame["entity"], "use_correction": False}
    )
    assert rows.loc["two_way", "estimate"] == pytest.approx(within.params["x"], rel=1e-9)
    assert rows.loc["two_way", "std_error"] == pytest.approx(within.bse["x"] * np.sqrt(24 / 23), rel=1e-9)
    assert rows.loc["pooled", "estimate"] == pytest.approx(smf.ols("y ~ x", frame).fit().params["x"], rel=1e-9)


def test_its_sentence_and_table_say_what_it_is(panel):
    result = fit_elasticity(panel, 0.95)
    said = elasticity_words(result)
    row = result.estimates[result.estimates["errors"] == "cluster"].set_index("estimator").loc["two_way"]
    assert f"{abs(row['estimate']):.2f}\u00a0% {'more' if row['estimate'] > 0 else 'less'} value" in said
    assert "95\u00a0% interval" in said
    assert (misprinted(said), miscounted(said)) == ([], [])
    assert set(too_strong(said)) <= {"goes with"}
    assert elasticity_table(result).kind == "table"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"market_value": 0.0}, "no firm has a market value and satisfaction"),
        ({"satisfaction": -1.0}, "no firm has a market value and satisfaction"),
        ({"satisfaction": 70.0}, "cannot be told: "),
    ],
)
def test_where_it_cannot_be_told_there_is_no_number(panel, change, why):
    result = fit_elasticity(replace(panel, frame=panel.frame.assign(**change)), 0.95)
    said = elasticity_words(result)
    assert why in said
    assert "nan" not in said
    elasticity_table(result)


def test_naive_figures_stand_beside_the_path(panel):
    rows = fit_paths(panel, 2, 0.95).rows
    assert set(rows["horizon"]) == {-3, -2, 0, 1, 2, 3, 4, 5}
    for row in rows[rows["horizon"].isin([0, 2])].itertuples():
        naive = fit_naive(panel, row.kind, row.horizon, 0.95)
        assert (row.within, row.pooled) == (naive.loc["two_way", "estimate"], naive.loc["pooled", "estimate"])
        point = fit_point(panel, row.kind, row.horizon, 0.95)
        assert (row.estimate, row.std_error, row.conf_low) == pytest.approx(
            (point["estimate"], point["std_error"], point["conf_low"]), rel=1e-10
        )


@pytest.mark.parametrize(("years", "held"), [(2, 1), (8, 2), (12, 3), (30, 4)])
def test_as_many_earlier_values_are_held_as_the_panel_bears(panel, years, held):
    frame = panel.frame.assign(period=panel.frame["period"] % 2)
    frame.loc[frame.index[-1], "period"] = years - 1
    assert past_held(replace(panel, frame=frame)) == held


def test_money_that_moves_satisfaction_is_told(panel):
    frame = panel.frame.copy()
    rng = np.random.default_rng(2)
    share = rng.normal(size=len(frame))
    before = np.where(frame["period"] > 0, np.roll(share, 1), 0.0)
    moved = replace(panel, frame=frame.assign(earnings=share * frame["revenue"], z=2 * before + rng.normal(size=192)))
    arrows = {"earnings": fit_arrow(moved, "earnings", 0.95), "revenue": fit_arrow(panel, "revenue", 0.95)}
    assert check_arrow(arrows, "earnings").passed is False
    assert check_arrow(arrows, "earnings").sentence.startswith("Earnings foretell satisfaction of the next period")
    assert check_arrow(arrows, "market_value").passed is None
