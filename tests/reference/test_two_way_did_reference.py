"""The two-way coefficient and its comparisons against published decompositions."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from coroi.inference.two_by_two import EARLIER_LATER, LATER_EARLIER, NEVER_TREATED
from coroi.models.two_way_did import fit_two_way_did
from coroi.results import Result

KINDS = {
    "Earlier vs Later Treated": EARLIER_LATER,
    "Later vs Earlier Treated": LATER_EARLIER,
    "Treated vs Untreated": NEVER_TREATED,
}


@pytest.fixture(scope="module")
def folder(shared):
    at = shared / "oracles" / "16_bacon_decomposition"
    if not at.is_dir():
        pytest.skip(f"there is no folder '{at.name}' among the oracles")
    return at


def fit(folder, name: str) -> Result:
    if name == "math_reform":
        data = pd.read_csv(folder / "math_reform.csv")
        data = data.rename(columns={"state": "entity", "class": "period", "incearn_ln": "y", "reform_math": "on"})
    elif name == "castle":
        data = pd.read_csv(folder / "castle.csv")
        data = data.rename(columns={"sid": "entity", "year": "period", "l_homicide": "y", "post": "on"})
    else:
        data = pd.read_csv(folder / "ehec_data.csv")
        data = data.rename(columns={"stfips": "entity", "year": "period", "dins": "y"})
        data = data.assign(on=data["period"] >= data["yexp2"].fillna(np.inf))
        data = data[data["yexp2"].notna()] if name == "medicaid(no never)" else data
    start = data[data["on"] > 0].groupby("entity")["period"].min()
    return fit_two_way_did(data.assign(first_treated=data["entity"].map(start)), outcome="y")


def found(result: Result, name: str) -> float:
    """Read what an expected value names."""
    rows, kinds = result.tables["comparisons"], result.tables["kinds"].set_index("kind")
    if "TWFE" in name:
        return float((rows["weight"] * rows["estimate"]).sum()) if "sum" in name else result.estimates["estimate"][0]
    kind = KINDS.get(name.split(".")[0])
    if name.endswith("unweighted mean"):
        return float(rows.loc[rows["kind"] == NEVER_TREATED, "estimate"].mean())
    if kind:
        return float(kinds.loc[kind, "weight" if name.endswith("weight") else "estimate"])
    if name.startswith("top2x2"):
        row = rows.sort_values("weight").iloc[-1]
        return float(row["weight" if name.endswith("weight") else "estimate"])
    pair, column = name.rsplit(".", 1)
    treated, other = (float(x) for x in pair.split("vs"))
    same = rows["compared_with"].isna() if np.isinf(other) else rows["compared_with"] == other
    row = rows[(rows["treated"] == treated) & same].iloc[0]
    return float(row["weight" if column == "w" else "estimate"])


@pytest.mark.parametrize("name", ["math_reform", "castle", "medicaid", "medicaid(no never)"])
def test_every_published_figure_of_the_decompositions(folder, name):
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["quantities"]
    own = {q["name"].removeprefix(name): q for q in told if q["name"].startswith((f"{name}.", f"{name} "))}
    result = fit(folder, name)
    for rest, each in own.items():
        assert found(result, rest[1:]) == pytest.approx(each["value"], abs=each["tol"]), each["name"]
    assert len(own) == {"math_reform": 19, "castle": 8, "medicaid": 27, "medicaid(no never)": 2}[name]


# States by the year of their castle doctrine law (Cheng and Hoekstra 2013), and the weights of the comparisons that
# R's bacondecomp prints for them in its index.ipynb; weights follow from dates alone, whatever the outcome.
CASTLE = {2005: 1, 2006: 13, 2007: 4, 2008: 2, 2009: 1, None: 29}
CASTLE_WEIGHTS = {EARLIER_LATER: 0.05976325, LATER_EARLIER: 0.03189818, NEVER_TREATED: 0.90833857}


def test_weights_of_castle_doctrine_laws_are_as_published():
    starts = [start for start, n in CASTLE.items() for _ in range(n)]
    rows = [(who, year, start) for who, start in enumerate(starts) for year in range(2000, 2011)]
    data = pd.DataFrame(rows, columns=["entity", "period", "first_treated"])
    data["y"] = np.random.default_rng(1).normal(size=len(data))
    weights = fit_two_way_did(data, outcome="y").tables["kinds"].set_index("kind")["weight"]
    assert weights.to_dict() == pytest.approx(CASTLE_WEIGHTS, abs=5e-9)
