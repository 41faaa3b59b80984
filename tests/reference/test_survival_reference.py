"""Kaplan–Meier and differences against numbers from elsewhere."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pandas as pd
import pytest
from scipy import stats

from coroi.inference.estimates import square_and_add
from coroi.models.survival import fit_survival

Z = stats.norm.ppf(0.975)

# Weeks in remission of 21 leukaemia patients on 6-MP: Freireich et al. (1963), Blood 21:699-716, a data set in most
# textbooks. Share, error: as in the worked example of Klein and Moeschberger (2003), Survival Analysis, Table 4.1,
# to three decimals, recalled and not looked up; the products written out below prove the shares.
RELAPSED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
CENSORED = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
REMISSION = {
    6: (0.857, 0.076),
    7: (0.807, 0.087),
    10: (0.753, 0.096),
    13: (0.690, 0.107),
    16: (0.627, 0.114),
    22: (0.538, 0.128),
    23: (0.448, 0.135),
}
STEPS = {6: (18, 21), 7: (16, 17), 10: (14, 15), 13: (11, 12), 16: (10, 11), 22: (6, 7), 23: (5, 6)}

# Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10 (square-and-add of Wilson limits, no
# continuity correction), recalled and not looked up; the limits follow from the two formulas.
NEWCOMBE = {
    ((56, 70), (48, 80)): (0.0524, 0.3339),
    ((9, 10), (3, 10)): (0.1705, 0.8090),
    ((6, 7), (2, 7)): (0.0582, 0.8062),
    ((5, 56), (0, 29)): (-0.0381, 0.1926),
    ((0, 10), (0, 20)): (-0.1611, 0.2775),
    ((0, 10), (0, 10)): (-0.2775, 0.2775),
    ((10, 10), (0, 20)): (0.6791, 1.0),
    ((10, 10), (0, 10)): (0.6075, 1.0),
}


def remission() -> pd.DataFrame:
    people = [(t, 1) for t in RELAPSED] + [(t, 0) for t in CENSORED]
    frame = pd.DataFrame(people, columns=["duration", "event"]).assign(band="6-MP")
    return frame.groupby(["band", "duration", "event"]).size().rename("n").reset_index()


@pytest.mark.parametrize("week", REMISSION)
def test_remission_times_give_the_textbooks_shares_and_errors(week):
    curve = fit_survival(remission(), bands=["6-MP"], horizon=23).tables["curves"].set_index("period")
    share, error = REMISSION[week]
    # 0.627451 is printed as 0.627 or, from rounded factors, as 0.628.
    assert curve.loc[week, "share"] == pytest.approx(share, abs=0.0006)
    assert curve.loc[week, "std_error"] == pytest.approx(error, abs=0.0006)
    product = math.prod(Fraction(*STEPS[t]) for t in STEPS if t <= week)
    assert curve.loc[week, "share"] == pytest.approx(float(product), rel=1e-12)


def test_remission_times_before_the_first_relapse_and_after_the_last():
    curve = fit_survival(remission(), bands=["6-MP"], horizon=35).tables["curves"].set_index("period")
    assert curve.loc[5, "share"] == 1
    assert curve.loc[35, "share"] == curve.loc[23, "share"]
    assert curve.loc[[6, 7, 10, 13, 16, 22, 23], "followed"].to_list() == [21, 17, 15, 12, 11, 7, 6]


@pytest.mark.parametrize(("pair", "limits"), NEWCOMBE.items(), ids=str)
def test_square_and_add_of_wilson_limits_gives_newcombes_table(pair, limits):
    upper, lower = ((x / n, *stats.binomtest(x, n).proportion_ci(0.95, "wilson")) for x, n in pair)
    assert square_and_add((1, *upper), (-1, *lower)) == pytest.approx(limits, abs=0.00006)


@pytest.fixture(scope="module")
def rossi(shared):
    folder = shared / "oracles" / "05_km_cox_rossi"
    if not folder.is_dir():
        pytest.skip(f"there is no folder '{folder.name}' among the oracles")
    people = pd.read_csv(folder / "rossi.csv").rename(columns={"week": "duration", "arrest": "event"})
    counts = people.assign(band="all").groupby(["band", "duration", "event"]).size().rename("n").reset_index()
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return counts, {q["name"]: q["value"] for q in told}


@pytest.mark.parametrize("week", [10, 20, 30, 40, 52])
def test_released_prisoners_match_r(rossi, week):
    """R's survfit was run on the same data; the log-log limits follow from its share and error by formula."""
    counts, r = rossi
    result = fit_survival(counts, bands=["all"], horizon=week)
    row = result.estimates.iloc[0]
    share, error = r[f"km.S({week})"], r[f"km.greenwood_se({week})"]
    assert row["estimate"] == pytest.approx(share, abs=1e-8)
    assert row["std_error"] == pytest.approx(error, abs=1e-8)
    curve = result.tables["curves"].set_index("period")
    assert curve.loc[week, "followed"] == r[f"km.n_at_risk({week})"]
    width = math.exp(Z * error / (share * abs(math.log(share))))
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((share**width, share ** (1 / width)), abs=1e-7)


def test_released_prisoners_of_whom_318_of_432_were_not_arrested_match_r_without_the_file():
    """Without losses before week 52 the share is 318 / 432 and R's error, 0.0212051, the binomial one."""
    counts = pd.DataFrame({"band": "all", "duration": [30, 52], "event": [1, 0], "n": [114, 318]})
    row = fit_survival(counts, bands=["all"], horizon=52).estimates.iloc[0]
    assert row["estimate"] == pytest.approx(0.736111111, abs=1e-9)
    assert row["std_error"] == pytest.approx(0.02120510198, abs=1e-8)
