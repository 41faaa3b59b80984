"""The hazard and its binary regression against numbers from elsewhere."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from coroi.inference.binary import BinaryFit, Link, fit_binary
from coroi.inference.cells import ArrayCells, count_cells
from coroi.inference.design import Term, examine, fit_rows
from coroi.models.hazard import fit_hazard

# Beetles after five hours of carbon disulphide: Bliss (1935), Annals of Applied Biology 22:134-167; log10 dose,
# beetles, killed. Coefficients and errors as printed by R's glm and in Dobson (2002), An Introduction to Generalized
# Linear Models, section 7.3; recalled and not looked up.
BEETLES = [
    (1.6907, 59, 6),
    (1.7242, 60, 13),
    (1.7552, 62, 18),
    (1.7842, 56, 28),
    (1.8113, 63, 52),
    (1.8369, 59, 53),
    (1.8610, 62, 61),
    (1.8839, 60, 60),
]
BEETLES_R: dict[Link, list[float]] = {
    "logit": [-60.717, 34.270, 5.181, 2.912],
    "cloglog": [-39.572, 22.041, 3.240, 1.799],
}

# Moths after three days of a pyrethroid, by log2 dose and sex, of 20 each: Venables and Ripley (2002), Modern Applied
# Statistics with S, section 7.2, whose table of coefficients and errors (R's glm) is recalled and not looked up.
MOTHS = {"F": [0, 2, 6, 10, 12, 16], "M": [1, 4, 9, 13, 18, 20]}
MOTHS_R = [(-2.9935, 0.5527), (0.1750, 0.7783), (0.9060, 0.1671), (0.3529, 0.2700)]


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_beetles_give_the_textbooks_coefficients_and_errors(link):
    dose, n, killed = (np.array(column, dtype=float) for column in zip(*BEETLES, strict=True))
    rows = (np.column_stack([np.ones(8), dose]), n, killed)
    fit = fit_binary(lambda: [rows], np.zeros(2), link=link)
    found = [*fit.coef, *np.sqrt(np.diag(fit.vcov))]
    assert found == pytest.approx(BEETLES_R[link], abs=0.0006)


def test_moths_give_the_textbooks_coefficients_and_errors():
    dose, male = np.tile(np.arange(6.0), 2), np.repeat([0.0, 1.0], 6)
    rows = (
        np.column_stack([np.ones(12), male, dose, male * dose]),
        np.full(12, 20.0),
        np.array(MOTHS["F"] + MOTHS["M"], float),
    )
    fit = fit_binary(lambda: [rows], np.zeros(4), link="logit")
    assert fit.coef == pytest.approx([c for c, _ in MOTHS_R], abs=0.00006)
    assert np.sqrt(np.diag(fit.vcov)) == pytest.approx([e for _, e in MOTHS_R], abs=0.00006)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_released_prisoners_of_whom_318_of_432_were_not_arrested_give_kaplan_meier_without_the_file(link):
    """Whatever the weeks of the 114 arrests, period dummies alone give R's share at week 52."""
    weeks = np.r_[np.arange(114) % 52 + 1, np.full(318, 52)]
    exits = np.r_[np.ones(114, dtype=int), np.zeros(318, dtype=int)]
    rows = person_weeks(pd.DataFrame({"week": weeks, "arrest": exits}))
    names = tuple(str(t) for t in range(1, 53))
    cells = count_cells(rows.assign(t=rows["t"] - 1), ["t"], event="arrest", cluster="person")
    coef = fit_hazard(cells, terms=[Term("t", names)], link=link).estimates["estimate"].to_numpy()
    eta = coef[0] + np.r_[0.0, coef[1:]]
    stays = 1 / (1 + np.exp(eta)) if link == "logit" else np.exp(-np.exp(eta))
    assert np.prod(stays) == pytest.approx(0.736111111111, abs=1e-10)


COVARIATES = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


def person_weeks(people: pd.DataFrame) -> pd.DataFrame:
    """One row a person and week at risk, the last with the arrest if there was one."""
    rows = people.loc[people.index.repeat(people["week"])].rename_axis("person").reset_index()
    rows["t"] = rows.groupby("person").cumcount() + 1
    rows["arrest"] = np.where(rows["t"] == rows["week"], rows["arrest"], 0)
    return rows.assign(log_t=np.log(rows["t"]), quarter=(rows["t"] - 1) // 13)


@pytest.fixture(scope="module")
def rossi(shared):
    folder = shared / "oracles" / "06_discrete_hazard"
    if not folder.is_dir():
        pytest.skip(f"there is no folder '{folder.name}' among the oracles")
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    return person_weeks(pd.read_csv(folder / "rossi.csv")), {q["name"]: (q["value"], q["tol"]) for q in told}


def model_based(cells: ArrayCells, terms: list[Term], link: Link) -> BinaryFit:
    usable = examine(cells, terms)
    assert usable.free.all()
    start = np.zeros(len(usable.reasons))
    start[0] = math.log(usable.events / usable.n)
    return fit_binary(lambda: fit_rows(cells, usable), start, link=link)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_released_prisoners_match_r(rossi, link):
    rows, r = rossi
    names = ["log_t", *COVARIATES]
    cells = count_cells(rows, names, event="arrest", cluster="person")
    assert (cells.n_rows, rows["arrest"].sum()) == (r["person-weeks"][0], r["events"][0])
    terms = [Term(name) for name in names]
    result = fit_hazard(cells, terms=terms, link=link).estimates
    fit = model_based(cells, terms, link)
    errors = np.sqrt(np.diag(fit.vcov))
    for at, name in enumerate(["const", *names]):
        value, tolerance = r[f"{link}.{name}"]
        assert result["estimate"][at] == pytest.approx(value, abs=tolerance), name
        value, tolerance = r[f"{link}.{name}.se"]
        assert errors[at] == pytest.approx(value, abs=tolerance), name
    value, tolerance = r[f"{link}.loglik"]
    assert fit.log_likelihood == pytest.approx(value, abs=tolerance)


def test_released_prisoners_by_quarter_match_r(rossi):
    rows, r = rossi
    quarters = ("q1", "q2", "q3", "q4")
    cells = count_cells(rows, ["quarter", *COVARIATES], event="arrest", cluster="person")
    terms = [Term("quarter", quarters), *(Term(name) for name in COVARIATES)]
    coef = fit_hazard(cells, terms=terms).estimates["estimate"].to_numpy()
    found = dict(zip([*quarters, *COVARIATES], [coef[0], *(coef[0] + coef[1:4]), *coef[4:]], strict=True))
    for name, estimate in found.items():
        value, tolerance = r[f"cloglog_quarters.{name}"]
        assert estimate == pytest.approx(value, abs=tolerance), name


def test_released_prisoners_by_week_give_kaplan_meier(rossi):
    """No one is arrested in some weeks: they are set aside, and nobody leaves in them."""
    rows, r = rossi
    names = tuple(str(t) for t in range(1, 53))
    cells = count_cells(rows.assign(t=rows["t"] - 1), ["t"], event="arrest", cluster="person")
    result = fit_hazard(cells, terms=[Term("t", names)])
    estimates = result.estimates.set_index("term")
    quiet = set(names) - set(rows.loc[rows["arrest"] == 1, "t"].astype(str))
    assert quiet and {t for t in estimates.index if not estimates.loc[t, "identified"]} == {f"t[{t}]" for t in quiet}
    eta = estimates.loc["constant", "estimate"] + np.r_[0.0, estimates["estimate"].drop("constant").dropna()]
    value, tolerance = r["prod(1-h_t), t<=52 equals KM S(52)"]
    assert np.prod(np.exp(-np.exp(eta))) == pytest.approx(value, abs=tolerance)
