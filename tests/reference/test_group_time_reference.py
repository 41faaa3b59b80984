"""Effects of minimum wages by cohort and period against the numbers printed for R's did and csdid.

The sources' errors are bootstrapped with another seed each time and printed with that noise; the analytic ones beside
them were computed apart from this package. R's have no factor G / (G - 1), the house's have.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coroi.models.group_time import fit_group_time
from coroi.results import Result

CASE = "14_mpdta_callaway_santanna"
R = {"base": "varying", "errors": "published", "shares": "drawn"}
NAMES = {"outcome": "lemp", "entity": "countyreal", "period": "year"}
ONE = math.sqrt(500 / 499)


@pytest.fixture(scope="module")
def counties(shared: Path) -> pd.DataFrame:
    at = shared / "oracles" / CASE / "mpdta.csv"
    if not at.is_file():
        pytest.skip(f"there is no file '{at.name}' among the oracles")
    data = pd.read_csv(at)
    return data.assign(first_treated=data["first.treat"].where(data["first.treat"] > 0))


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, tuple[float, float]]:
    told = json.loads((shared / "oracles" / CASE / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return {q["name"]: (q["value"], q["tol"]) for q in told}


def agrees(found: float, expected: tuple[float, float]) -> None:
    assert found == pytest.approx(expected[0], abs=expected[1], rel=0)


def rows(result: Result, term: str) -> pd.DataFrame:
    found = result.estimates[result.estimates["term"] == term]
    key = next((k for k in ("event_time", "cohort", "period") if found[k].notna().all()), None)
    return found if key is None else found.set_index(found[key].astype(int))


@pytest.mark.parametrize(
    ("prefix", "controls", "compared_with"),
    [("", [], "never"), ("DR~lpop ", ["lpop"], "never"), ("DR~lpop,not-yet-treated ", ["lpop"], "not_yet")],
    ids=["no covariates", "doubly robust", "doubly robust, not yet treated"],
)
def test_every_cohort_and_period(counties, expected, prefix, controls, compared_with):
    cells = fit_group_time(counties, **NAMES, **R, controls=controls, compared_with=compared_with).tables["cells"]
    assert len(cells) == 12
    for cell in cells.itertuples():
        name = f"{prefix}ATT({cell.cohort}, {cell.period})"
        agrees(cell.estimate, expected[name])
        if f"{name}.se(bootstrap)" in expected:
            agrees(cell.std_error, expected[f"{name}.se(bootstrap)"])


def test_every_average_and_its_analytic_error(counties, expected):
    result = fit_group_time(counties, **NAMES, **R, compared_with="never")
    path, cohort, period = (rows(result, term) for term in ("event_time", "cohort", "period"))
    for e in range(-3, 4):
        agrees(path.loc[e, "estimate"], expected[f"dynamic.e{e}"])
        agrees(path.loc[e, "std_error"] / ONE, expected[f"dynamic.e{e}.se(analytic,full)"])
    for g in (2004, 2006, 2007):
        agrees(cohort.loc[g, "estimate"], expected[f"group.{g}"])
        agrees(cohort.loc[g, "std_error"] / ONE, expected[f"group.{g}.se(analytic,full)"])
    for t in range(2004, 2008):
        agrees(period.loc[t, "estimate"], expected[f"calendar.{t}"])
        agrees(period.loc[t, "std_error"], expected[f"calendar.{t}.se(bootstrap)"])
    for term, name in {"mean_event_time": "dynamic", "mean_cohort": "group"}.items():
        row = rows(result, term).iloc[0]
        agrees(row["estimate"], expected[f"{name}.overall"])
        agrees(row["std_error"] / ONE, expected[f"{name}.overall.se(analytic,full)"])
    agrees(rows(result, "mean_period")["estimate"].iloc[0], expected["calendar.overall"])
    agrees(rows(result, "overall")["estimate"].iloc[0], expected["simple.overall"])


def test_the_balanced_path(counties, expected):
    result = fit_group_time(counties, **NAMES, **R, compared_with="never", balanced=1)
    balanced = rows(result, "balanced")
    assert list(balanced.index) == [0, 1]  # R shows earlier times of the cohorts that have them, not of all
    for e in (0, 1):
        agrees(balanced.loc[e, "estimate"], expected[f"dynamic.balance_e=1.e{e}"])
    agrees(rows(result, "mean_balanced")["estimate"].iloc[0], expected["dynamic.balance_e=1.overall"])


@pytest.mark.parametrize(
    ("name", "controls", "compared_with"),
    [
        ("pretest.Wald p", [], "never"),
        ("pretest.Wald p DR~lpop", ["lpop"], "never"),
        ("pretest.Wald p DR~lpop nyt", ["lpop"], "not_yet"),
    ],
)
def test_the_joint_test_before_the_start(counties, expected, name, controls, compared_with):
    result = fit_group_time(counties, **NAMES, **R, controls=controls, compared_with=compared_with)
    row = next(c for c in result.checks if c.name == "pre_trends").table.iloc[0]
    assert row["effects"] == 5
    agrees(float(stats.chi2.sf(row["quadratic_form"] * ONE**2, 5)), expected[name])


def test_a_universal_base_shifts_effects_before_the_start_only(counties, expected):
    """Effects before the start add up to those printed: -0.0028 then, from 2005 back to 2004, 0.0065 less."""
    cells = fit_group_time(counties, **NAMES, errors="published", compared_with="never").tables["cells"]
    found = cells.set_index(["cohort", "period"])["estimate"]
    agrees(found[2006, 2006], expected["ATT(2006, 2006)"])
    assert found[2006, 2004] == pytest.approx(-expected["ATT(2006, 2005)"][0], abs=1e-4)


def test_card_and_kruegers_two_states_need_no_file():
    """Card and Krueger (1994), American Economic Review 84, table 3: 20.44 and 21.03, beside 23.33 and 21.17."""
    means = {1.0: (20.44, 21.03), np.nan: (23.33, 21.17)}
    rows = [
        {"entity": f"{first} {unit}", "period": t, "first_treated": first, "outcome": mean + unit}
        for first, both in means.items()
        for unit in (-2, 0, 2)
        for t, mean in enumerate(both)
    ]
    cell = fit_group_time(pd.DataFrame(rows), outcome="outcome").tables["cells"].iloc[0]
    assert cell["estimate"] == pytest.approx(2.76, abs=0.015)  # of means that are rounded to 0.005 each
