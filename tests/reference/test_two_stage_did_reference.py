"""Two stages, and the same estimates by imputation, against numbers that R's did2s gives."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from coroi.inference.imputed import Imputed, impute
from coroi.models.imputation_did import fit_imputation_did
from coroi.models.two_stage_did import fit_two_stage_did

# Simulated roll-out that comes with pyfixest, effects of states and years in the first stage: mean effect, effects by
# time since the start, and errors clustered by state, of R's did2s, as pyfixest's test_did.py and all_did2s_dfs.csv
# hold them.
OVERALL = (2.152215, 0.047607)
BY_TIME = {
    0: (1.304462284759037, 0.0560546401552844),
    1: (1.5334860476936425, 0.0643884968642479),
    5: (1.990587277886056, 0.0563395874363474),
    10: (2.4147668193865064, 0.0600695380971265),
    15: (2.8126319507465043, 0.0827224332527452),
    20: (2.8148582432189166, 0.0830470479228272),
}


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    with (files("pyfixest.did") / "data" / "df_het.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def mean_and_error(found: Imputed, rows: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """Average some rows' effects; the error without any factor, as the source has it."""
    weight = rows / rows.sum()
    own = np.where(rows, found.left - weight @ np.where(rows, found.left, 0.0), 0.0)
    scores, _ = found.scores(sparse.csr_array(weight[:, None]), own, cluster)
    return float(weight @ np.where(rows, found.left, 0.0)), float(np.sqrt((scores**2).sum()))


def test_imputation_and_its_scores_are_as_published(simulated):
    state, year = (pd.factorize(simulated[name])[0] for name in ("state", "year"))
    treated = simulated["treat"].to_numpy(bool)
    found = impute(simulated["dep_var"].to_numpy(), np.ones(len(simulated)), state, year, ~treated)
    estimate, error = mean_and_error(found, treated, state)
    assert estimate == pytest.approx(OVERALL[0], abs=1e-6)
    assert error == pytest.approx(OVERALL[1], abs=5e-7)
    for time, expected in BY_TIME.items():
        numbers = mean_and_error(found, (simulated["rel_year"] == time).to_numpy() & treated, state)
        assert numbers == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def castle(shared):
    """Castle doctrine laws, coded as treated from the year after the law on."""
    folder = shared / "oracles" / "17_did2s_gardner"
    if not folder.is_dir():
        pytest.skip(f"there is no folder '{folder.name}' among the oracles")
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    data = pd.read_csv(folder / "castle_mixtape_post.csv")
    start = data[data["post"] > 0].groupby("sid")["year"].min()
    return data.assign(start=data["sid"].map(start)), {q["name"]: (q["value"], q["tol"]) for q in told}


@pytest.mark.parametrize(("weight", "name"), [("popwt", "castle popwt-weighted"), (None, "castle unweighted")])
def test_castle_doctrine_laws_are_as_published(castle, weight, name):
    data, told = castle
    columns = {"outcome": "l_homicide", "first_treated": "start", "entity": "sid", "period": "year", "weight": weight}
    row = fit_two_stage_did(data, **columns).estimates.set_index("term").loc["overall"]
    value, tolerance = told[f"{name} ATT"]
    assert row["estimate"] == pytest.approx(value, abs=max(tolerance, 1e-6))
    value, tolerance = told[f"{name} se"]
    assert row["std_error"] * math.sqrt(49 / 50) == pytest.approx(value, abs=max(tolerance, 1e-6))
    imputed = fit_imputation_did(data, **columns).estimates.set_index("term").loc["overall", "estimate"]
    assert imputed == pytest.approx(row["estimate"], rel=1e-6)
