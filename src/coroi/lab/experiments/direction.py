"""Which way the arrow runs, in panels of 6 and 12 periods whose metric persists: false alarms and what is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.direction import fit_direction, simulate_direction

ENTITIES, LENGTHS, SIZE, OWN_PAST, TOGETHER = 150, (6, 12), 0.3, (0.5, 0.8), 0.3
WORLDS = {"neither": (0.0, 0.0), "reverse": (0.0, SIZE)}
_WORDS = {"neither": "no arrow runs either way", "reverse": f"{SIZE} of the outcome runs on to the metric"}
_TERMS = {
    "forward": "what a unit of the metric's past adds to the outcome",
    "reverse": "what a unit of the outcome's past adds to the metric",
    "placebo_lead": "what the next period's metric goes with in the outcome, past and present held",
    "within": "the forward arrow by the within estimate, for comparison",
}


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for world, (forward, reverse) in WORLDS.items():
        for periods in LENGTHS:
            data, _ = simulate_direction(
                rng, n=ENTITIES, periods=periods, forward=forward, reverse=reverse, own=OWN_PAST, together=TOGETHER
            )
            rows = fit_direction(data, outcome="outcome", metric="metric").estimates
            told = rows[rows["estimator"] == "corrected"].set_index("term")
            found |= {_name(t, world, periods): found_in(told.loc[t]) for t in _TERMS if t != "within"}
            plain = rows[(rows["estimator"] == "within") & (rows["term"] == "forward")].iloc[0]
            found[_name("within", world, periods)] = found_in(plain)
    return found


def _own_truth() -> Mapping[str, float]:
    return {name: value for name, _, _, _, value in _each()}


def _name(term: str, world: str, periods: int) -> str:
    return f"{term}[{world}, {periods}]"


def _each() -> Iterator[tuple[str, str, str, int, float]]:
    left = 1 - TOGETHER**2
    for world, (forward, reverse) in WORLDS.items():
        lead = reverse * left / (reverse**2 * left + 1)
        values = {"forward": forward, "reverse": reverse, "placebo_lead": lead, "within": forward}
        for periods in LENGTHS:
            for term, value in values.items():
                yield _name(term, world, periods), term, world, periods, value


DIRECTION = Experiment(
    name="direction",
    method=f"outcome and metric on each other's last value, {ENTITIES} entities, the metric's persistence "
    f"{OWN_PAST[1]}, small-T bias taken out, errors by entity",
    estimands=tuple(
        Estimand(
            name=name,
            words=f"{_TERMS[term]}; {periods} periods, {_WORDS[world]}",
            headline=term in ("forward", "reverse"),
            zero_in=(OWN,) if value == 0 else (),
        )
        for name, term, world, periods, value in _each()
    ),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
