"""Almon's lag on the capital appropriations of 1953 to 1967, against the numbers that SAS prints.

SAS/ETS User's Guide, PDLREG procedure, example "Industrial Conference Board Data", output 21.1.1 (20.1.1 in later
editions): a polynomial of degree 2 over lags 0 to 5, with dummies of three quarters.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from coroi.inference.lag_paths import lag_basis
from coroi.models.distributed_lags import fit_distributed_lags

LAGS, ERRORS = [0.089467, 0.104317, 0.127237, 0.158230], [0.0360, 0.0109, 0.0255, 0.0254]
ORTHONORMAL, ORTHONORMAL_ERRORS = [0.3760, 0.1297, 0.0247], [0.007318, 0.0251, 0.0593]


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "oracles" / "24_almon_pdl"


@pytest.fixture(scope="module")
def result(folder):
    rows = pd.read_csv(folder / "almon_capital.csv")
    quarter = rows["quarter"].str[-1].astype(int)
    dummies = {f"q{q}": (quarter == q).astype(float) for q in (1, 2, 3)}
    data = rows.assign(entity=0, period=np.arange(len(rows)), **dummies)
    return fit_distributed_lags(
        data,
        outcome="ce",
        metric="ca",
        lags=5,
        shape="almon",
        degree=2,
        controls=list(dummies),
        effects="none",
        errors="classical",
    )


def test_the_printed_lags_follow_from_the_printed_coefficients_of_orthonormal_polynomials():
    """SAS fits orthonormal polynomials and prints both sides of the map, so that the map needs no data."""
    basis = lag_basis(5, "almon", 2, ())
    grow = np.vander(np.arange(6), 3, increasing=True)
    signs = np.sign(np.diag(basis.T @ grow))
    lags = (basis * signs) @ ORTHONORMAL
    assert lags[:4] == pytest.approx(LAGS, abs=0.0002)
    assert lags[5] == pytest.approx(0.2444, abs=0.0002)


def test_lags_and_errors_are_those_that_sas_prints(result):
    rows = result.estimates[result.estimates["term"] == "lag"]
    assert rows["estimate"].to_numpy()[:4] == pytest.approx(LAGS, abs=0.0000005)
    assert rows["std_error"].to_numpy()[:4] == pytest.approx(ERRORS, abs=0.00005)
    assert rows["estimate"].iloc[5] == pytest.approx(0.2444, abs=0.00005)


def test_every_stored_answer_is_met(folder, result):
    stored = {q["name"]: q for q in json.loads((folder / "expected.json").read_text())["quantities"]}
    lag = result.estimates[result.estimates["term"] == "lag"].set_index("lag")
    met = 0
    for k in range(6):
        for name, column in ((f"ca({k})", "estimate"), (f"ca({k}).se", "std_error")):
            if name in stored:
                assert lag.loc[k, column] == pytest.approx(stored[name]["value"], abs=stored[name]["tol"])
                met += 1
    assert met == 9
    long_run = result.estimates.set_index("term").loc["long_run", "estimate"]
    assert long_run == pytest.approx(stored["long-run sum of lag weights"]["value"], abs=1e-8)
    assert result.n_obs == 55


def test_errors_of_the_polynomials_coefficients_are_those_that_sas_prints(result):
    """The polynomial's own coefficients are a linear map of the lags'."""
    basis = lag_basis(5, "almon", 2, ())
    names = [f"lag[{k}]" for k in range(6)]
    covariance = basis.T @ result.vcov.loc[names, names].to_numpy() @ basis
    coefficients = basis.T @ result.estimates["estimate"].to_numpy()[:6]
    assert np.abs(coefficients) == pytest.approx(ORTHONORMAL, abs=0.00005)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(ORTHONORMAL_ERRORS, abs=0.00005)
