"""Programmes that few units took up, or at a varying dose, or for a while: mixes, doses and interrupted series."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.interrupted_series import fit_interrupted_series, simulate_interrupted_series
from coroi.models.switching_did import fit_switching_did, simulate_switching_did
from coroi.models.synthetic_control import fit_synthetic_control, simulate_synthetic_control

TREATED, DONORS, SETS = (1, 2, 3), (8, 20, 50), 99
BEFORE, AFTER, GROWS, AT = 20, 6, (0.5, 1.0, 1.5, 2.0), 2
SIZES, PERIODS, HORIZON, LEADS, SINCE, TIME = (20, 50, 200), 12, 6, 2, 1, 3
EFFECTS = {"null": (0.0,), "fades": (0.5, 1.0, 1.5)}
KEPT = 0.5
JUMP, TURN, SHARED = 1.0, 0.1, 2.0
_DOSED = {
    "overall": "mean effect over all unit-periods since the start",
    "event_time": f"mean effect {TIME} periods after the start",
    "full_less_part": "effect of the full dose less that of half of it, while they last",
    "left_after": f"what is left of the effect {SINCE} period after the end",
    "stopping": f"what units that stopped lose {SINCE} period after the end, against those that go on",
}
_WORLDS = {"null": "no effect at all", "fades": "an effect that grows, and halves each period after the end"}
_SERIES = {
    "alone": "one series",
    "beside": "less a series beside it, something else beginning in both with the start",
    "alone_shared": "one series, something else beginning with the start: that is taken for the effect",
}


def _dosed(rng: np.random.Generator, world: str, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    return simulate_switching_did(
        rng,
        n=n,
        periods=PERIODS,
        starts=(4,) if n < 50 else (4, 6),
        lengths=(0, 4),
        doses=(0.5, 1.0),
        path=EFFECTS[world],
        kept=KEPT,
    )


def _doses_found(rng: np.random.Generator) -> dict[str, Found]:
    found = {}
    keys = {"event_time": ("event_time", TIME), "left_after": ("since_end", SINCE), "stopping": ("since_end", SINCE)}
    for world in EFFECTS:
        for n in SIZES:
            data, _ = _dosed(rng, world, n)
            rows = fit_switching_did(data, outcome="outcome", horizon=HORIZON, leads=LEADS).estimates
            for term in _DOSED:
                some = rows[rows["term"] == term]
                key, value = keys.get(term, ("", 0))
                found[f"{term}[{world}, {n}]"] = found_in((some[some[key] == value] if key else some).iloc[0])
    return found


def _doses_true(world: str, n: int) -> dict[str, float]:
    """Average the effects that are drawn over the rows that each estimand speaks of."""
    data, drawn = _dosed(np.random.default_rng(0), world, n)
    dose, effect = data["dose"].to_numpy().reshape(n, PERIODS), drawn.reshape(n, PERIODS)
    treated = dose.max(axis=1) > 0
    dose, effect = dose[treated], effect[treated]
    first, on = (dose > 0).argmax(axis=1), dose > 0
    last = PERIODS - on[:, ::-1].argmax(axis=1) - 1
    units, time = np.arange(len(dose)), np.arange(PERIODS) - first[:, None]
    full = dose.max(axis=1) == 1
    ended = last < PERIODS - 1
    there = ended & (last + 1 + SINCE < PERIODS)
    paths = [[effect[on & (time == e) & (full == g)[:, None]] for e in range(HORIZON + 1)] for g in (True, False)]
    shared = [(high.mean(), low.mean()) for high, low in zip(*paths, strict=True) if len(high) and len(low)]
    left = effect[units, np.minimum(last + 1 + SINCE, PERIODS - 1)]
    height = np.asarray(EFFECTS[world])
    at = np.clip(last + 1 + SINCE - first, 0, len(height) - 1)
    goes_on = dose.max(axis=1) * (height[at] - height[np.clip(last - first, 0, len(height) - 1)])
    lost = left - effect[units, last] - goes_on
    return {
        "overall": float(effect[(time >= 0) & (time <= HORIZON)].mean()),
        "event_time": float(effect[time == TIME].mean()),
        "full_less_part": float(np.mean([high - low for high, low in shared])),
        "left_after": float(left[there].mean()),
        "stopping": float(lost[there].mean()),
    }


def _mixes_found(rng: np.random.Generator) -> dict[str, Found]:
    found = {}
    for treated in TREATED:
        for donors in DONORS:
            data, _ = simulate_synthetic_control(
                rng, donors=donors, treated=treated, before=BEFORE, after=AFTER, path=(0.0,)
            )
            rows = fit_synthetic_control(data, outcome="outcome", conformal=False, most_placebos=SETS).estimates
            found[f"mix[{treated} of {donors}]"] = found_in(rows[rows["term"] == "overall"].iloc[0])
    data, _ = simulate_synthetic_control(rng, donors=20, before=BEFORE, after=AFTER, path=GROWS)
    rows = fit_synthetic_control(data, outcome="outcome").estimates
    found["mix_grows[1 of 20]"] = found_in(rows[rows["term"] == "overall"].iloc[0])
    late = rows[rows["event_time"] == AT].iloc[0]
    by_periods = late.rename({"conf_low": "", "conf_high": "", "time_low": "conf_low", "time_high": "conf_high"})
    return found | {"by_periods[1 of 20]": found_in(by_periods)}


def _series_found(rng: np.random.Generator) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for name in _SERIES:
        shared = 0.0 if name == "alone" else SHARED
        data, _ = simulate_interrupted_series(rng, jump=JUMP, turn=TURN, shared=shared)
        control = "beside" if name == "beside" else None
        rows = fit_interrupted_series(data, outcome="outcome", control=control).estimates.set_index("term")
        found |= {f"series_{term}[{name}]": found_in(rows.loc[term]) for term in ("overall", "slope")}
    return found


def _own_fit(rng: np.random.Generator) -> Findings:
    return _doses_found(rng) | _mixes_found(rng) | _series_found(rng)


def _own_truth() -> Mapping[str, float]:
    truth = {
        f"{term}[{world}, {n}]": value
        for world in EFFECTS
        for n in SIZES
        for term, value in _doses_true(world, n).items()
    }
    truth |= {f"mix[{treated} of {donors}]": 0.0 for treated in TREATED for donors in DONORS}
    path = [GROWS[min(e, len(GROWS) - 1)] for e in range(AFTER)]
    truth |= {"mix_grows[1 of 20]": float(np.mean(path)), "by_periods[1 of 20]": path[AT]}
    mean = JUMP + TURN * (12 - 1) / 2
    return truth | {f"series_{t}[{n}]": v for n in _SERIES for t, v in (("overall", mean), ("slope", TURN))}


FEW_UNITS = Experiment(
    name="few_units",
    method=f"doses that change and end in {SIZES[0]}, {SIZES[1]} and {SIZES[2]} units over {PERIODS} periods; one to "
    f"three treated units among 8, 20 and 50 donors, {BEFORE} periods before and {AFTER} after; one series of 24 "
    "periods before and 12 after",
    estimands=(
        *(
            Estimand(
                name=f"{term}[{world}, {n}]",
                words=f"{said}; {_WORLDS[world]}, {n} units",
                headline=True,
                zero_in=(OWN,) if world == "null" else (),
            )
            for world in EFFECTS
            for n in SIZES
            for term, said in _DOSED.items()
        ),
        *(
            Estimand(
                name=f"mix[{treated} of {donors}]",
                words=f"mean effect since the start, none in truth; {treated} treated beside {donors} donors",
                headline=True,
                zero_in=(OWN,),
            )
            for treated in TREATED
            for donors in DONORS
        ),
        Estimand(name="mix_grows[1 of 20]", words="mean effect since the start, which grows; 1 beside 20 donors"),
        Estimand(
            name="by_periods[1 of 20]",
            words=f"effect {AT} periods after the start, its set by shifting periods; 1 beside 20 donors",
        ),
        *(
            Estimand(name=f"series_{term}[{name}]", words=f"{told}; {said}", headline=name != "alone_shared")
            for name, said in _SERIES.items()
            for term, told in (("overall", "mean effect since the start"), ("slope", "turn of the trend by period"))
        ),
    ),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
