"""Sun and Abraham's estimate against R's fixest, to the digits printed in its walkthrough, and against pyfixest."""

from __future__ import annotations

import json
import warnings
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coroi.models.sun_abraham import fit_sun_abraham
from coroi.results import Result

CASE = "15_sunab_base_stagg"


@pytest.fixture(scope="module")
def staggered(shared: Path) -> pd.DataFrame:
    at = shared / "oracles" / CASE / "base_stagg.csv"
    if not at.is_file():
        pytest.skip(f"there is no file '{at.name}' among the oracles")
    data = pd.read_csv(at)
    return data.assign(first_treated=data["year_treated"].where(data["year_treated"] < 10_000))


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, tuple[float, float]]:
    told = json.loads((shared / "oracles" / CASE / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return {q["name"]: (q["value"], q["tol"]) for q in told}


@pytest.fixture(scope="module")
def fitted(staggered: pd.DataFrame) -> Result:
    return fit_sun_abraham(staggered, outcome="y", controls=["x1"], entity="id", period="year", errors="fixest")


def agrees(found: float, expected: tuple[float, float]) -> None:
    assert found == pytest.approx(expected[0], abs=expected[1], rel=0)


def test_the_average_effect_and_the_covariate_have_the_printed_digits(fitted, expected):
    overall = fitted.estimates.set_index("term").loc["overall"]
    agrees(overall["estimate"], expected["ATT"])
    agrees(overall["std_error"], expected["ATT.se"])
    covariate = fitted.tables["covariates"].iloc[0]
    agrees(covariate["estimate"], expected["x1"])
    agrees(covariate["std_error"], expected["x1.se"])


def test_cohorts_by_time_have_the_printed_digits(fitted, expected):
    cells = fitted.tables["cells"].set_index(["cohort", "event_time"])
    printed = [name for name in expected if name.startswith("CATT") and not name.endswith(".se")]
    assert len(printed) == 9
    for name in printed:
        cohort, event_time = (int(part.split("=")[1]) for part in name[5:-1].split(","))
        agrees(cells.loc[(cohort, event_time), "estimate"], expected[name])
        agrees(cells.loc[(cohort, event_time), "std_error"], expected[f"{name}.se"])


def test_every_event_time_equals_the_case_computed_apart(fitted, expected):
    path = fitted.estimates[fitted.estimates["term"] == "event_time"].set_index("event_time")
    for e in (*range(-9, -1), *range(9)):
        if path.loc[e, "identified"]:
            agrees(path.loc[e, "estimate"], expected[f"event_time {e}"])
            agrees(path.loc[e, "std_error"], expected[f"event_time {e}.se"])
    assert path["identified"].sum() == 17


def test_the_house_factor_leaves_out_what_fixest_adds(staggered, fitted):
    """N = 950; K = 46 coefficients, that of the covariate among them, and ten years."""
    house = fit_sun_abraham(staggered, outcome="y", controls=["x1"], entity="id", period="year", errors="clusters")
    ratio = fitted.estimates["std_error"] / house.estimates["std_error"]
    n_params = len(fitted.tables["cells"]) + 1 + 10
    assert ratio.dropna().to_numpy() == pytest.approx(np.sqrt(949 / (950 - n_params)), rel=1e-10)


def test_it_equals_pyfixest_on_the_data_in_its_package():
    """The saturated event study of Butts's simulated states, errors clustered by state, in pyfixest's own factor."""
    import pyfixest

    data = pd.read_csv(str(files("pyfixest.did.data") / "df_het.csv"))
    data = data[(data["unit"] % 7 == 0) & (data["year"] >= 1996) & (data["year"] <= 2014)]
    told = data.assign(first_treated=data["g"].where(data["g"] > 0))
    names = {"outcome": "dep_var", "entity": "unit", "period": "year", "cluster": "state"}
    ours = fit_sun_abraham(told, **names, errors="fixest").tables["cells"].set_index(["cohort", "event_time"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pyfixest.event_study(
            data, yname="dep_var", idname="unit", tname="year", gname="g", estimator="saturated", cluster="state"
        ).tidy()
    parts = theirs.index.str.extract(r"::(?P<time>-?[\d.]+):.+::(?P<cohort>[\d.]+)").astype(float)
    assert len(parts) == len(ours) == 36
    for (_, place), row in zip(parts.iterrows(), theirs.itertuples(), strict=True):
        cell = ours.loc[(int(place["cohort"]), int(place["time"]))]
        assert cell["estimate"] == pytest.approx(row.Estimate, abs=1e-6)
        assert cell["std_error"] == pytest.approx(row[2], rel=1e-5)


def test_card_and_kruegers_two_states_need_no_file():
    """Card and Krueger (1994), American Economic Review 84, table 3: 20.44 and 21.03, beside 23.33 and 21.17."""
    means = {1.0: (20.44, 21.03), np.nan: (23.33, 21.17)}
    rows = [
        {"entity": f"{first} {unit}", "period": t, "first_treated": first, "outcome": mean + unit}
        for first, both in means.items()
        for unit in (-2, 0, 2)
        for t, mean in enumerate(both)
    ]
    cell = fit_sun_abraham(pd.DataFrame(rows), outcome="outcome").tables["cells"].iloc[0]
    assert cell["estimate"] == pytest.approx(2.76, abs=0.015)  # of means that are rounded to 0.005 each
