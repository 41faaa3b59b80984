"""Money demand in Denmark, earnings in the United Kingdom, and Lydia Pinkham's advertising.

The first two as the README of R's ARDL prints them and its tests store them: Natsiopoulos and Tzeremes (2022), Journal
of Applied Econometrics 37:1079-1090; data of Johansen and Juselius (1990) and of Pesaran, Shin and Smith (2001), whose
earnings equation it is. The third as R's lm has it.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from coroi.inference.ratios import delta
from coroi.models.ardl import fit_ardl

SHORT = {
    ("LRM", 1): (0.3192, 0.1367),
    ("LRM", 2): (0.5326, 0.1324),
    ("LRM", 3): (-0.2687, 0.1021),
    ("LRY", 0): (0.6728, 0.1312),
    ("LRY", 1): (-0.2574, 0.1472),
}
LONG = {
    "LRY": (0.9964676, 0.1239310),
    "IBO": (-4.5381160, 0.5202961),
    "IDE": (2.8915201, 0.9950853),
}
BOUNDS = {1: 0.7109023, 2: 5.116768, 3: 6.205875, 4: 5.430622, 5: 6.785325}


@pytest.fixture(scope="module")
def data(shared) -> pd.DataFrame:
    rows = pd.read_csv(shared / "oracles" / "22_ardl_denmark" / "denmark.csv")
    return rows.assign(entity="Denmark", quarter=np.arange(len(rows)))


def fit(data: pd.DataFrame, **options):
    return fit_ardl(
        data,
        outcome="LRM",
        metric="LRY",
        outcome_lags=3,
        metric_lags=1,
        controls=["IBO", "IDE"],
        control_lags=[3, 2],
        period="quarter",
        effects="none",
        errors="classical",
        **options,
    )


def test_the_printed_long_run_follows_from_the_printed_coefficients():
    left = 1 - sum(SHORT["LRM", lag][0] for lag in (1, 2, 3))
    total = SHORT["LRY", 0][0] + SHORT["LRY", 1][0]
    assert delta(total, left, np.zeros((2, 2)))[0] == pytest.approx(LONG["LRY"][0], abs=0.0005)


def test_coefficients_and_errors_are_those_that_r_prints(data):
    rows = fit(data).estimates.set_index(["term", "regressor", "lag"])
    for (name, lag), (estimate, error) in SHORT.items():
        found = rows.loc[("coefficient", name, lag)]
        assert (found["estimate"], found["std_error"]) == pytest.approx((estimate, error), abs=0.00006)


def test_long_runs_and_their_errors_are_those_that_r_prints(data):
    rows = fit(data).estimates
    rows = rows[rows["term"] == "long_run"].set_index(["regressor", "interval"])
    for name, (estimate, error) in LONG.items():
        for how in ("fieller", "delta"):
            found = rows.loc[(name, how)]
            assert (found["estimate"], found["std_error"]) == pytest.approx((estimate, error), abs=2e-7)


def test_the_speed_and_its_t_are_those_that_r_prints(data):
    speed = fit(data).estimates.set_index("term").loc["speed"]
    assert speed["estimate"] == pytest.approx(-0.41685, abs=0.000005)
    assert speed["estimate"] / speed["std_error"] == pytest.approx(-4.5479, abs=0.00005)


@pytest.mark.parametrize("case", sorted(BOUNDS))
def test_bounds_are_those_that_r_stores(data, case):
    check = next(c for c in fit(data, bounds_case=case).checks if c.name == "bounds")
    assert check.table["statistic"].item() == pytest.approx(BOUNDS[case], abs=1e-6)


def test_every_stored_coefficient_is_met(shared, data):
    path = shared / "oracles" / "22_ardl_denmark" / "expected.json"
    stored = {q["name"]: q for q in json.loads(path.read_text())["quantities"]}
    rows = fit(data).estimates
    met = 0
    for row in rows[rows["interval"] != "delta"].itertuples():
        name = f"denmark.longrun.{row.regressor}" if row.term == "long_run" else f"denmark.{row.regressor}.L{row.lag}"
        for suffix, value in (("", row.estimate), (".se", row.std_error)):
            want = stored.get(name.removesuffix(".0") + suffix)
            if want:
                assert value == pytest.approx(want["value"], abs=want["tol"]), name
                met += 1
    assert met == 30


@pytest.fixture(scope="module")
def earnings(shared):
    """From 1970 Q3, so that with six lags the first quarter explained is the paper's, 1972 Q1."""
    rows = pd.read_csv(shared / "oracles" / "22_ardl_denmark" / "pss2001.csv")
    return rows.assign(entity="UK", quarter=np.arange(len(rows)))[2:]


def test_the_earnings_equation_has_the_stored_long_runs(shared, earnings):
    controls = ["UR", "Wedge", "Union", "D7475", "D7579"]
    result = fit_ardl(
        earnings,
        outcome="w",
        metric="Prod",
        outcome_lags=6,
        metric_lags=1,
        controls=controls,
        control_lags=[5, 4, 5, 0, 0],
        period="quarter",
        effects="none",
        errors="classical",
    )
    path = shared / "oracles" / "22_ardl_denmark" / "expected.json"
    stored = {q["name"]: q for q in json.loads(path.read_text())["quantities"]}
    rows = result.estimates[result.estimates["interval"] == "fieller"].set_index("regressor")
    for name in ("Prod", *controls[:3]):
        for suffix, column in (("", "estimate"), (".se", "std_error")):
            want = stored[f"pss.longrun.{name}{suffix}"]
            assert rows.loc[name, column] == pytest.approx(want["value"], abs=want["tol"]), name
    speed = result.estimates.set_index("term").loc["speed"]
    assert speed["estimate"] / speed["std_error"] == pytest.approx(stored["pss.bounds_t case 3"]["value"], abs=1e-6)
    assert rows.loc["Prod", "estimate"] == pytest.approx(1.06332501, abs=1e-7)


def test_with_an_earlier_metric_too_pinkhams_long_run_is_nonsense_and_its_set_says_so(shared):
    """R: carry-over 0.955, coefficient of the earlier advertising −0.660, long run −1.59, of the wrong sign."""
    rows = pd.read_csv(shared / "oracles" / "23_pinkham_koyck" / "pinkham_annual.csv").assign(entity=0)
    result = fit_ardl(rows, outcome="sales", metric="advertising", period="year", effects="none", errors="classical")
    found = result.estimates.set_index(["term", "regressor", "lag"])["estimate"]
    assert found[("coefficient", "sales", 1.0)] == pytest.approx(0.9554624803, abs=1e-8)
    assert found[("coefficient", "advertising", 1.0)] == pytest.approx(-0.6600610982, abs=1e-8)
    long_run = result.estimates[result.estimates["interval"] == "fieller"].iloc[0]
    assert long_run["estimate"] == pytest.approx(-1.585650651, abs=1e-6)
    assert long_run["set"] != "interval"
    assert np.isinf([long_run["conf_low"], long_run["conf_high"]]).all()
    assert "unbounded" in result.tables["sets"].query("interval == 'fieller'")["words"].item()
    assert next(c for c in result.checks if c.name == "speed").passed is False
