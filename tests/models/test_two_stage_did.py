"""Two stages: the same as imputation where both can tell, and what the library cannot bear left out and said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.errors import DataError
from coroi.inference.roll_outs import read_roll_out
from coroi.inference.two_stage import bearable
from coroi.models import two_stage_did
from coroi.models.imputation_did import fit_imputation_did
from coroi.models.two_stage_did import fit_two_stage_did, simulate_two_stage_did
from coroi.results import Result


def drawn(seed: int, **asked: object) -> pd.DataFrame:
    options = {"n": 24, "periods": 8, "starts": (3, 5), "path": (0.2, 0.5)} | asked
    return simulate_two_stage_did(np.random.default_rng(seed), **options)[0]


def fit(data: pd.DataFrame, **asked: object) -> Result:
    return fit_two_stage_did(data, outcome="outcome", **asked)


def named(result: Result) -> pd.DataFrame:
    return result.estimates.set_index(result.vcov.index)


def test_estimates_are_those_of_imputation_and_errors_those_of_the_library():
    rng = np.random.default_rng(1)
    data = drawn(1).assign(weight=rng.uniform(0.5, 2, 24 * 8), cluster=lambda d: d["entity"] // 2)
    result = fit(data, weight="weight", cluster="cluster", anticipation=1, keep_influence=True)
    rows = named(result)
    imputed = fit_imputation_did(data, outcome="outcome", weight="weight", anticipation=1, leads=0)
    slow = imputed.estimates.set_index(imputed.vcov.index)
    times = rows.index.drop("overall")
    # the library sweeps out effects by iteration, to six digits of the outcome
    assert rows.loc[times, "estimate"].tolist() == pytest.approx(slow.loc[times, "estimate"].tolist(), abs=2e-5)
    # its own errors by time, and those that influence tells
    assert rows["std_error"].tolist() == pytest.approx(np.sqrt(np.diag(result.vcov)).tolist(), rel=2e-4)
    assert len(result.influence) == 12


def test_units_and_periods_with_one_untreated_row_are_left_out_and_lost_cells_told():
    data = drawn(2)
    alone = int(data.loc[data["first_treated"] == 3, "entity"].iloc[0])
    data = data[~((data["entity"] == alone) & (data["period"] < 2))]
    data = data[~((data["period"] == 7) & data["first_treated"].isna())]
    result = fit(data)
    rows, left_out, lost = named(result), result.tables["left_out"], result.tables["lost"]
    assert left_out["what"].tolist() == [
        "periods with fewer than two untreated rows",
        "units with fewer than two untreated rows",
    ]
    assert left_out["n_entities"].tolist() == [18, 1]
    assert not rows.loc["event_time: 4", "identified"]
    assert "left out" in rows.loc["event_time: 4", "reason"]
    assert rows.loc["event_time: 3", "identified"]
    assert rows.loc["overall", "identified"]
    check = next(c for c in result.checks if c.name == "lost_cells")
    assert check.passed is False
    assert lost["n_units"].sum() == 9 + 9 + 4  # both cohorts in period 7, and one unit in periods 3 to 6
    without = data[(data["entity"] != alone) & (data["period"] < 7)]
    imputed = fit_imputation_did(without, outcome="outcome", leads=0).estimates.set_index("term")
    assert rows.loc["overall", "estimate"] == pytest.approx(imputed.loc["overall", "estimate"], rel=1e-6)


def test_leaving_out_goes_on_until_all_have_two_untreated_rows():
    rows = [("a", 0, 2), ("a", 1, 2), ("a", 2, 2), ("b", 1, None), ("b", 3, None), ("c", 3, None), ("c", 4, None)]
    more = [("d", t, None) for t in range(3)]
    data = pd.DataFrame(rows + more, columns=["entity", "period", "first_treated"]).assign(outcome=1.0)
    found = bearable(read_roll_out(data, outcome="outcome"))
    # period 4 has one row, so c is left with one; then period 3 with b's alone, and b with one; period 2 with d's alone
    assert found.kept.tolist() == [True, True, False, False, False, False, False, True, True, False]
    assert found.lost.values.tolist() == [[2, 2, 1]]


def test_a_roll_out_without_a_comparison_is_refused_in_one_row():
    data = drawn(3)
    for change, told in (
        (data.assign(first_treated=5.0), "every unit is treated from the same period on"),
        (data[data["first_treated"].isna() | (data["period"] >= data["first_treated"] - 1)], "no treated row is left"),
    ):
        result = fit(change)
        assert len(result.estimates) == 1
        assert told in result.estimates["reason"][0]


def test_a_panel_too_large_for_dummies_is_refused_before_the_library_sees_it(monkeypatch):
    monkeypatch.setattr(two_stage_did, "MOST_CELLS", 1000)
    with pytest.raises(DataError, match="too many for the dummies"):
        fit(drawn(4))


@pytest.mark.parametrize(("n", "passed"), [(24, False), (44, True)])
def test_few_clusters_fail_their_check(n, passed):
    check = next(c for c in fit(drawn(5, n=n)).checks if c.name == "clusters")
    assert check.passed is passed
    assert str(n) in check.sentence
