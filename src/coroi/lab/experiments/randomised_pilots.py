"""Randomised pilots with few and many units, shares that do not fit the plan, and follow-ups after low scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.follow_up import fit_follow_up, simulate_follow_up
from coroi.models.randomised_pilot import fit_randomised_pilot, simulate_randomised_pilot
from coroi.results import Result

EFFECT, COMPLIER, TAKEN_UP, FOLLOWED = 0.4, 0.8, 0.6, 0.4
UNITS, PER_UNIT, DRAWS = (8, 20, 50, 200), 15, 499
EVEN = {"control": 0.5, "treatment": 0.5}
_WORLDS = {"effect": EFFECT, "null": 0.0}
_KINDS = {"t": "t by unit", "wild bootstrap": "the wild cluster bootstrap"}


def fit_units(rng: np.random.Generator, units: int, world: str) -> Findings:
    """Draw a pilot whose lots are drawn for units; judge it as it is meant to be, by other errors, and naively."""
    data, _ = simulate_randomised_pilot(rng, n=PER_UNIT * units, effect=_WORLDS[world], units=units)
    result = fit_randomised_pilot(data, outcome="outcome", before=["before"], unit="unit", shares=EVEN, draws=DRAWS)
    told = {f"{world}[{units} units]": _effect(result, str(result.spec["headline"]))}
    if result.spec["headline"] != "t":
        told |= {f"{world}, {kind}[{units} units]": _effect(result, kind) for kind in _KINDS}
    if world == "null":
        naive = fit_randomised_pilot(data, outcome="outcome", before=["before"])
        told[f"null, by customer[{units} units]"] = _effect(naive, "t")
    return told


def fit_customers(rng: np.random.Generator) -> Findings:
    """Draw a pilot by customer within strata; some of the treated take it up, and some outcomes are missing."""
    data, _ = simulate_randomised_pilot(rng, n=400, effect=COMPLIER, strata=4, taken_up=TAKEN_UP, lost=0.1)
    rows = fit_randomised_pilot(
        data, outcome="outcome", before=["before"], shares=EVEN, stratum="stratum", taken="taken"
    ).estimates
    found: dict[str, Found] = {}
    for adjusted, name in ((False, "plain"), (True, "adjusted")):
        told = rows[(rows["adjusted"] == adjusted) & (rows["term"] != "mean")].set_index("term")
        found |= {
            f"{term}[{name}]": found_in(told.loc[term]) for term in ("effect", "relative_lift", "complier_effect")
        }
    return found


def fit_ratio(rng: np.random.Generator) -> Findings:
    """Draw two pilots of 2,000 customers: one that keeps to its shares, one that loses a fifth of the treated."""
    found = {}
    for name, lost in (("kept to", 0.0), ("a fifth lost", 0.2)):
        data, _ = simulate_randomised_pilot(rng, n=4_000, effect=EFFECT)
        gone = (data["arm"] == "treatment") & (data["before"] < data["before"].quantile(lost))
        drawn = data[~gone.to_numpy() & (rng.random(len(data)) < 0.5)]
        found[f"shares {name}"] = _effect(fit_randomised_pilot(drawn, outcome="outcome", shares=EVEN), "t")
    return found


def fit_followed(rng: np.random.Generator) -> Findings:
    """Draw customers followed up after low scores, with an effect and without."""
    found = {}
    for name, effect in (("effect", FOLLOWED), ("null", 0.0)):
        data, _ = simulate_follow_up(rng, n=300, periods=4, effect=effect, lost=0.2)
        rows = fit_follow_up(data, outcome="outcome", before="score", planned_share=0.5).estimates.set_index("term")
        found[f"follow-up, {name}"] = found_in(rows.loc["effect"])
        found[f"before–after, {name}"] = found_in(rows.loc["before_after"])
    return found


def _effect(result: Result, errors: str) -> Found:
    rows: pd.DataFrame = result.estimates
    own = rows[(rows["term"] == "effect") & (rows["errors"] == errors)]
    return found_in(own.iloc[-1])  # adjusted where it was


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for units in UNITS:
        for world in _WORLDS:
            found |= fit_units(rng, units, world)
    for part in (fit_customers, fit_ratio, fit_followed):
        found |= part(rng)
    return {each.name: found[each.name] for each in ESTIMANDS}


def _own_truth() -> Mapping[str, float]:
    truth = {each.name: 0.0 if "null" in each.name else EFFECT for each in ESTIMANDS}
    itt = COMPLIER * TAKEN_UP
    for name in ("plain", "adjusted"):
        truth |= {f"effect[{name}]": itt, f"relative_lift[{name}]": itt / 10, f"complier_effect[{name}]": COMPLIER}
    return truth | {f"{term}, effect": FOLLOWED for term in ("follow-up", "before–after")}


def _unit_estimands() -> tuple[Estimand, ...]:
    made = []
    for units in UNITS:
        for world, effect in _WORLDS.items():
            said = f"effect of {effect:g} on customers of {units} units drawn by lot, adjusted"
            few = units < 40  # as the method has it
            rows = {world: f"{said}; {'lots drawn again' if few else 't by unit'}"}
            rows |= {f"{world}, {kind}": f"{said}; {words}, for comparison" for kind, words in _KINDS.items() if few}
            if world == "null":
                rows["null, by customer"] = f"{said}; errors by customer, which is wrong"
            zero = (OWN,) if world == "null" else ()
            made += [
                Estimand(name=f"{name}[{units} units]", words=words, headline=name == world, zero_in=zero)
                for name, words in rows.items()
            ]
    return tuple(made)


_TERMS = {
    "effect": "intention to treat, by customer within strata",
    "relative_lift": "the same as a share of the control's mean, Fieller's set",
    "complier_effect": "effect on who takes it up, Anderson and Rubin's set",
}
ESTIMANDS = (
    *_unit_estimands(),
    *(
        Estimand(name=f"{term}[{name}]", words=f"{words}; {name}", headline=True)
        for name in ("plain", "adjusted")
        for term, words in _TERMS.items()
    ),
    Estimand(name="shares kept to", words="effect where arms hold the plan's shares; refused at p < 0.001"),
    Estimand(name="shares a fifth lost", words="effect where a fifth of the treated is lost, those with least before"),
    Estimand(name="follow-up, effect", words="effect of a follow-up against likes by score and period", headline=True),
    Estimand(name="before–after, effect", words="next score less the low score of those followed up: naive"),
    Estimand(name="follow-up, null", words="follow-up that does nothing, against likes", headline=True, zero_in=(OWN,)),
    Estimand(name="before–after, null", words="follow-up that does nothing, before and after: naive", zero_in=(OWN,)),
)
RANDOMISED_PILOTS = Experiment(
    name="randomised_pilots",
    method=(
        f"arms compared as lots put them, {PER_UNIT} customers a unit, a fifth of what is not explained shared within "
        "units; below 40 units lots are drawn again; follow-ups against customers of equal score and period"
    ),
    estimands=ESTIMANDS,
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
