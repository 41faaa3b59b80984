"""Whether a programme pays and when, as the study `roi` values it, where what it brings and costs is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from coroi.claims import label_of
from coroi.errors import CoroiError
from coroi.inference.event_path import EventPath, path_of
from coroi.inference.leads import leads_before
from coroi.inference.pretrend import check_leads
from coroi.inference.relative_magnitudes import relative_set
from coroi.inference.trend_bounds import HELD
from coroi.lab.bar import MOST_ALARMS
from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found
from coroi.lab.experiments.payback_worlds import (
    DELTA,
    EARLY,
    FACTORS,
    HORIZON,
    LEVEL,
    NOISE,
    PER_YEAR,
    PERIODS,
    PERSISTENCE,
    POWER,
    POWERED,
    RATE,
    SIZES,
    STARTS,
    World,
    draw,
    truth_of,
    worlds,
)
from coroi.models.group_time import fit_group_time
from coroi.models.imputation_did import fit_imputation_did
from coroi.results import Label
from coroi.roi.flows import Line, join_lines, known_line, line_of
from coroi.roi.present_value import present_value
from coroi.roi.valley import Span, dip_test, forgone, valley
from coroi.studies.programme.parts import MOST_LEADS
from coroi.studies.roi.parts import PROGRAMME
from coroi.studies.roi.valued import mean_of

MOST_FALSE, MOST_SILENT, ALARM = 0.05, 0.20, 0.05
TIMED = ("baseline", "dip", "overspend")
GUARDED = {("confounded", 20), ("confounded", 50), (POWERED, 50)}
_TERMS = {
    "payback": "period by whose end the discounted sum of money is no longer below zero, for good",
    "crossover": "period from which profit is no longer below zero, for good",
}
_SPANS = {"depth": "lowest discounted sum of money since the start", "forgone": "value that stopping then gives up"}


def line_in(data: pd.DataFrame, world: World) -> Line:
    """Estimate the benefit and set it against the cost, as the study does."""
    return net_of(benefit_in(data), world)


def benefit_in(data: pd.DataFrame) -> Line:
    """Estimate what the programme brings by period since the start."""
    fit = fit_imputation_did(data, outcome="outcome", leads=0, horizon=HORIZON - 1, balanced=0, keep_influence=True)
    return line_of(fit, "spend", n_periods=HORIZON)


def net_of(benefit: Line, world: World) -> Line:
    """Join the benefit with what is known to be paid."""
    lines = [benefit, known_line(PROGRAMME, -world.paid)]
    return join_lines(lines, currency="EUR", periods=[str(k) for k in range(HORIZON)]).total


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for n in SIZES:
        units: dict[tuple[object, ...], tuple[pd.DataFrame, Line]] = {}
        for name, world in worlds(n).items():
            if world.brings not in units:
                data = draw(rng, world, n)
                units[world.brings] = data, benefit_in(data)
            data, benefit = units[world.brings]
            told = _told(name, data, world, net_of(benefit, world))
            found |= {f"{term}[{name}, {n}]": each for term, each in told.items()}
    return found


def _told(name: str, data: pd.DataFrame, world: World, line: Line) -> dict[str, Found]:
    found = {"value": _of_row(present_value(line, rate_annual=RATE, per_year=PER_YEAR))}
    if name in TIMED:
        found |= _timed(line)
    if name in ("dip", "null, free"):
        found["dip test"] = yes_or_no(dip_test(line).p_value < ALARM)
    label = verdict(line)
    above = label == "supported"
    found["pays"] = yes_or_no(above)
    if (name, data["entity"].nunique()) in GUARDED:
        held = above and guards_hold(data, world)
        found["pays, guards run"] = yes_or_no(held)
        found["consistent with"] = yes_or_no(above and not held)
    if name == POWERED:
        found["cannot tell"] = yes_or_no(label == "cannot tell")
    return found


def verdict(line: Line) -> Label:
    """Judge the value at the study's level, at grade B."""
    row = present_value(line, rate_annual=RATE, per_year=PER_YEAR, level=LEVEL)
    return label_of(float(row["conf_low"]), float(row["conf_high"]), DELTA, grade="B")


def guards_hold(data: pd.DataFrame, world: World) -> bool:
    """Say whether "supported" stands when the study's two guards on paths before the start are run.

    Parameters
    ----------
    data : pandas.DataFrame
        From :func:`draw`.
    world : World
    """
    rows = data.sort_values(["entity", "period"], ignore_index=True)
    leads = leads_before(
        rows["outcome"].to_numpy(float),
        rows["entity"].to_numpy("int64"),
        rows["period"].to_numpy("int64"),
        rows["first_treated"].to_numpy(float),
        n_leads=MOST_LEADS,
    )
    return bool(check_leads(leads, horizon=HORIZON / 2).passed) and _bounds_hold(data, world)


def _bounds_hold(data: pd.DataFrame, world: World) -> bool:
    """Say whether it survives trends that differ after the start by as much as before it."""
    paid = float(FACTORS @ world.paid)
    try:
        path, weights = path_in(data)
    except CoroiError:
        return False
    held = relative_set(path.widened(LEVEL, data["entity"].nunique() - 1), weights, HELD, level=LEVEL)
    return label_of(held.low - paid, held.high - paid, DELTA, grade="B") == "supported"


def path_in(data: pd.DataFrame) -> tuple[EventPath, np.ndarray]:
    """Return the path around one base, and the weights of its present value."""
    path = path_of(fit_group_time(data, outcome="outcome", leads=MOST_LEADS), term="event_time")
    times = path.first + np.arange(len(path.after))
    weights = np.zeros(len(path.after))
    weights[(times >= 0) & (times < HORIZON)] = FACTORS
    return path, weights


def yes_or_no(said: bool) -> Found:
    """Return a yes as a one and a no as a zero, so that the share without zero is the share of a yes."""
    value = float(said)
    return Found(estimate=value, low=value, high=value)


def _timed(line: Line) -> dict[str, Found]:
    hole = valley(line, rate_annual=RATE, per_year=PER_YEAR)
    left = forgone(line, rate_annual=RATE, per_year=PER_YEAR)
    found = {
        "early": _of_row(mean_of(line, 0, EARLY, 0.95)),
        "late": _of_row(mean_of(line, EARLY, HORIZON, 0.95)),
        "depth": Found(estimate=hole.depth.estimate, low=hole.depth.low, high=hole.depth.high),
        "forgone": Found(estimate=left.estimate, low=left.low, high=left.high),
    }
    for term, span in (("payback", hole.end), ("crossover", hole.crossover)):
        found[term] = _within(span)
        found[f"{term}, latest known"] = yes_or_no(np.isfinite(span.high))
    return found


def _within(span: Span) -> Found:
    """Return a period, the horizon standing for "never": it holds the truth where the set with infinity does."""
    estimate, low, high = (min(each, float(HORIZON)) for each in (span.estimate, span.low, span.high))
    return Found(estimate=estimate, low=low, high=high)


def _of_row(row: Mapping[str, Any]) -> Found:
    return Found(estimate=float(row["estimate"]), low=float(row["conf_low"]), high=float(row["conf_high"]))


def _own_truth() -> Mapping[str, float]:
    names = {each.name for each in PAYBACKS.estimands}
    told = {
        f"{term}[{name}, {n}]": value
        for n in SIZES
        for name, world in worlds(n).items()
        for term, value in truth_of(world).items()
    }
    return {name: value for name, value in told.items() if name in names}


def _estimands() -> Iterator[Estimand]:
    for n in SIZES:
        for name, world in worlds(n).items():
            for term, words, more in _of_world(name, n):
                yield Estimand(name=f"{term}[{name}, {n}]", words=f"{words}; {n} units; {world.words}", **more)


def _of_world(name: str, n: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    sound = name != "confounded"
    zero = (OWN,) if name == "null, free" else ()
    yield "value", "net present value per customer", {"headline": sound, "zero_in": zero}
    if name in TIMED:
        yield "early", f"mean profit a period in the first {EARLY}", {"headline": True}
        yield "late", f"mean profit a period in the other {HORIZON - EARLY}", {"headline": True}
        for term, words in _SPANS.items():
            yield term, words, {"headline": True, "contrast": False}
        for term, words in _TERMS.items():
            yield term, f"{words}, {HORIZON} being never", {"headline": True, "contrast": False}
            yield f"{term}, latest known", f"share of sets whose latest {term} is within the horizon", {}
    if name in ("dip", "null, free"):
        alarms = {"at_most": MOST_ALARMS, "headline": True} if name == "null, free" else {}
        yield "dip test", "share that finds a dip at 5 %", alarms
    bar = {"at_most": MOST_FALSE, "headline": True}
    yield "pays", 'share "pays", guards left aside', bar if name in ("overspend", "null", "null, free") else {}
    if (name, n) in GUARDED:
        yield "pays, guards run", 'share "pays" once guards are run', {} if sound else bar
        yield "consistent with", 'share "consistent with" because a guard lowered the grade', {}
    if name == POWERED:
        yield "cannot tell", 'share "cannot tell"', {"at_most": MOST_SILENT, "headline": True}


PAYBACKS = Experiment(
    name="paybacks",
    method=f"net present value over {HORIZON} periods at {RATE:.0%} a year of what a programme brings per customer, by "
    f"imputation on {PERIODS} periods, less known costs; a quarter of the units never starts, the others from periods "
    f"{', '.join(map(str, STARTS))} on; shocks of standard deviation {NOISE:g} and autocorrelation {PERSISTENCE:g}. "
    f"Verdicts are at {LEVEL:.1%}, the smallest value that matters is {DELTA:.2f}, a hundredth of what a customer "
    'brings. "Pays" is "supported" at grade B. Where guards are run, they are the test of paths before the start and '
    "the bounds on trends; the others of the study could only lower the grade further. In `powered` the benefit is "
    "scaled so that generalised least squares, which knows the shocks' covariance and that the effect depends on time "
    f"since the start alone, puts its normal interval above the smallest value that matters in {POWER:.0%}. A share is "
    "in the column of what excludes 0, with its own bar where there is one",
    estimands=tuple(_estimands()),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
