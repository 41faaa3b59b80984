"""Roll-outs of a practice: effects by time since the start, their mean, and what stands beside them for comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.group_time import fit_group_time
from coroi.models.imputation_did import fit_imputation_did
from coroi.models.lp_did import fit_lp_did
from coroi.models.sun_abraham import fit_sun_abraham
from coroi.models.two_way_did import fit_two_way_did
from coroi.results import Result

PERIODS, HORIZON, LEADS = 16, 4, 3
SIZES = (8, 20, 50, 200)
STARTS = (6, 8, 10)
_GROWS = tuple(0.2 * h for h in range(1, 11))
_DIPS = (-1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.2, 1.4, 1.5, 1.6)
DESIGNS: dict[str, dict] = {
    "baseline": {"path": _GROWS, "later_cohorts": 0.2},
    "dip": {"path": _DIPS},
    "null": {"path": (0.0,)},
    "confounded": {"path": (0.0,), "trend": 0.15},
    "serial": {"path": _GROWS, "persistence": 0.9},
    "staggered": {"path": _GROWS, "starts": (5, 6, 7, 8, 9, 10, 11, 12)},
}
"""A quarter is never treated in each; shocks have an autocorrelation of 0.5 where nothing else is said."""
_WORDS = {
    "baseline": "the effect grows, and more so in later cohorts",
    "dip": "harm first, gain later",
    "null": "no effect",
    "confounded": "no effect, but treated units grow by themselves: trends are not parallel",
    "serial": "a growing effect, shocks with an autocorrelation of 0.9",
    "staggered": "a growing effect, eight dates, so that few units or one share a date",
}
_BY_TIME = ("baseline", "dip")
_AGGREGATES = (*(f"cohort: {f}" for f in STARTS), f"period: {PERIODS - 1}")
_OTHERS: dict[str, Callable[..., Result]] = {
    "group_time": fit_group_time,
    "sun_abraham": fit_sun_abraham,
    "lp_did": fit_lp_did,
}
_BY_OTHERS, _OTHERS_UNITS = ("baseline", "null"), (20, 50)
_TWO_WAY, _TWO_WAY_UNITS = ("baseline", "dip", "null", "confounded"), 50
LEAVERS, RISE, CUSTOMERS, OPENING = 20, 0.004, 200, 8


def draw(rng: np.random.Generator, design: str, n: int, **more: object) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw the units of a design; the effect in each row beside them."""
    options = {"starts": STARTS, "never": 0.25} | DESIGNS[design] | more
    return draw_roll_out(rng, n=n, periods=PERIODS, **options)


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for design in DESIGNS:
        for n in SIZES:
            data, effect = draw(rng, design, n)
            result = fit_imputation_did(data, outcome="outcome", leads=LEADS, horizon=HORIZON, balanced=0)
            found |= _read(result, truth_of(data, effect), design, n)
            for name, fit in _OTHERS.items() if design in _BY_OTHERS and n in _OTHERS_UNITS else ():
                rows = fit(data, outcome="outcome").estimates
                found[f"{name}[{design}, {n}]"] = found_in(rows[rows["term"] == "overall"].iloc[0])
            if design in _TWO_WAY and n == _TWO_WAY_UNITS:
                rows = fit_two_way_did(data, outcome="outcome").estimates
                found[f"two-way[{design}, {n}]"] = found_in(rows.iloc[0])
    lone, _ = draw(rng, "baseline", 20, never=0.05)
    rows = fit_imputation_did(lone, outcome="outcome", leads=LEADS, horizon=HORIZON, balanced=0).estimates
    found["overall[one untreated, 20]"] = found_in(rows[rows["term"] == "overall"].iloc[0])
    return found | dict(_leavers(rng))


def truth_of(data: pd.DataFrame, effect: np.ndarray) -> dict[str, float]:
    """Return the mean effect by time since the start, leads being zero, and over all treated rows."""
    since = (data["period"] - data["first_treated"]).to_numpy(float)
    times = {f"event_time: {h}": float(effect[since == h].mean()) for h in range(HORIZON + 1)}
    first = data["first_treated"].to_numpy(float)
    means = {f"cohort: {f}": float(effect[(first == f) & (since >= 0)].mean()) for f in STARTS if (first == f).any()}
    means[_AGGREGATES[-1]] = float(effect[(data["period"] == PERIODS - 1) & (since >= 0)].mean())
    leads = {f"event_time: {-h}": 0.0 for h in range(1, LEADS + 1)}
    return times | leads | means | {"overall": float(effect[since >= 0].mean())}


def _read(result: Result, truth: Mapping[str, float], design: str, n: int) -> dict[str, Found]:
    rows = result.estimates.set_index(pd.Index(result.vcov.index if result.vcov is not None else ["overall"]))
    found = {f"overall[{design}, {n}]": found_in(rows.loc["overall"])}
    if design in _BY_TIME:
        for h in range(HORIZON + 1):
            found[f"effect {h}[{design}, {n}]"] = found_in(rows.loc[f"event_time: {h}"])
        for name in _AGGREGATES:
            found[f"{name}[{design}, {n}]"] = found_in(rows.loc[name])
    path = rows[rows["term"] == "event_time"]
    target = np.array([truth[name] for name in path.index])
    found[f"path[{design}, {n}]"] = _farthest(path, target)
    found[f"leads[{design}, {n}]"] = _alarm(result)
    return found


def _farthest(path: pd.DataFrame, target: np.ndarray) -> Found:
    """Return where a path lies farthest from a target, in half-widths of its band; one half-width to each side."""
    if not path["identified"].all():
        return Found(refused=str(path["reason"][~path["identified"]].iloc[0]))
    away = ((path["estimate"] - target) / (path["band_high"] - path["band_low"]) * 2).to_numpy(float)
    return _one_each_side(float(away[np.argmax(np.abs(away))]))


def _alarm(result: Result) -> Found:
    """Return the lead that stands out most, in what the test allows; one of these to each side."""
    check = next(each for each in result.checks if each.name == "pre_trends")
    if check.passed is None or check.table is None:
        return Found(refused=check.sentence)
    away = (check.table["estimate"] / check.table["std_error"] / check.table["critical"]).to_numpy(float)
    return _one_each_side(float(away[np.argmax(np.abs(away))]))


def _one_each_side(away: float) -> Found:
    return Found(estimate=away, low=away - 1, high=away + 1)


def _leavers(rng: np.random.Generator) -> Iterator[tuple[str, Found]]:
    """Follow exits of units whose customers leave more and more before a programme that does nothing.

    Half of the units start at one date. Their rates are told over those at risk, and over the customers of the date on
    which the programme opens, of whom none can have left before.
    """
    treated = np.arange(LEAVERS) < LEAVERS // 2
    hazard = 0.05 + RISE * np.arange(PERIODS) * treated[:, None]
    rates = rng.binomial(CUSTOMERS, hazard) / CUSTOMERS
    closed = np.where(np.arange(PERIODS) < OPENING, 0.0, rates)
    who, when = np.indices(rates.shape).reshape(2, -1)
    first = np.where(treated, float(OPENING), np.nan)[who]
    for name, exits in (("at risk", rates), ("closed cohort", closed)):
        data = pd.DataFrame({"entity": who, "period": when, "first_treated": first, "outcome": exits.ravel()})
        result = fit_imputation_did(data, outcome="outcome", leads=LEADS, horizon=HORIZON, balanced=0)
        yield f"leads[{name}]", _alarm(result)
    earlier, last = closed[:, : OPENING - 1].mean(axis=1), closed[:, OPENING - 1]
    gap = float((last - earlier)[treated].mean() - (last - earlier)[~treated].mean())
    yield "leads[closed cohort, taken at its word]", Found(estimate=gap, low=gap, high=gap)


def _own_truth() -> Mapping[str, float]:
    truth: dict[str, float] = {}
    for design in DESIGNS:
        for n in SIZES:
            means = truth_of(*draw(np.random.default_rng(0), design, n))
            truth[f"overall[{design}, {n}]"] = means["overall"]
            truth |= {f"effect {h}[{design}, {n}]": means[f"event_time: {h}"] for h in range(HORIZON + 1)}
            truth |= {f"{name}[{design}, {n}]": means[name] for name in _AGGREGATES if name in means}
            truth[f"path[{design}, {n}]"] = 0.0
            truth |= {f"leads[{design}, {n}]": 0.0} if design != "confounded" else {}
            truth |= {f"{name}[{design}, {n}]": means["overall"] for name in ("two-way", *_OTHERS)}
    truth["leads[closed cohort, taken at its word]"] = RISE * OPENING / 2
    names = {each.name for each in ROLL_OUTS.estimands}
    return {name: value for name, value in truth.items() if name in names}


def _estimands() -> Iterator[Estimand]:
    for design, said in _WORDS.items():
        sound = design != "confounded"
        for n in SIZES:
            words = f"{n} units; {said}"
            zero = (OWN,) if design in ("null", "confounded") else ()
            mean = "mean effect over all treated unit-periods"
            yield Estimand(name=f"overall[{design}, {n}]", words=f"{mean}; {words}", headline=sound, zero_in=zero)
            for name in _OTHERS if design in _BY_OTHERS and n in _OTHERS_UNITS else ():
                label = f"{mean}, by {name}"
                yield Estimand(name=f"{name}[{design}, {n}]", words=f"{label}; {words}", zero_in=zero)
            for h in range(HORIZON + 1) if design in _BY_TIME else ():
                label = f"mean effect {h} periods after the start"
                yield Estimand(name=f"effect {h}[{design}, {n}]", words=f"{label}; {words}", headline=True)
            for name in _AGGREGATES if design in _BY_TIME else ():
                label = f"mean effect over the treated unit-periods of {name.replace(': ', ' ')}"
                yield Estimand(name=f"{name}[{design}, {n}]", words=f"{label}; {words}", headline=True)
            label = "the lead or effect that lies farthest from the truth, in half-widths of the band, one to each side"
            yield Estimand(name=f"path[{design}, {n}]", words=f"{label}; {words}", headline=sound, contrast=False)
            label = (
                "the lead that stands out most, in units of what their test allows, one to each side: no 0, an alarm"
            )
            alarm = (OWN,) if sound else ()
            yield Estimand(name=f"leads[{design}, {n}]", words=f"{label}; {words}", headline=sound, zero_in=alarm)
            if design in _TWO_WAY and n == _TWO_WAY_UNITS:
                label = "two-way coefficient held against the mean effect, for comparison"
                yield Estimand(name=f"two-way[{design}, {n}]", words=f"{label}; {words}", zero_in=zero)
    yield Estimand(name="overall[one untreated, 20]", words="mean effect; 20 units of which one is never treated")
    exits = f"exit rates of {LEAVERS} units that rose before a programme which does nothing"
    yield Estimand(name="leads[at risk]", words=f"test of leads of {exits}, over customers at risk")
    yield Estimand(name="leads[closed cohort]", words=f"the same over the customers of the opening date: {exits}")
    label = "last lead of the same, without the guard: nobody of a closed cohort leaves before it is fixed"
    yield Estimand(name="leads[closed cohort, taken at its word]", words=label)


ROLL_OUTS = Experiment(
    name="roll_outs",
    method=f"imputation on {PERIODS} periods with {LEADS} leads, a quarter of the units never treated, the others from "
    f"periods {', '.join(map(str, STARTS))} on; errors within cohorts; two-way regression for comparison",
    estimands=tuple(_estimands()),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
