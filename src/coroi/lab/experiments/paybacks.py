"""Whether a programme pays and when, as the study `roi` values it, where what it brings and costs is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from coroi.claims import headline_level, label_of
from coroi.errors import CoroiError
from coroi.inference.drawn_roll_outs import draw_roll_out
from coroi.inference.event_path import path_of
from coroi.inference.leads import leads_before
from coroi.inference.pretrend import check_leads
from coroi.inference.trend_bounds import check_trend_bounds
from coroi.lab.experiments.oracle import oracle_error, value_with_power
from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found
from coroi.models.group_time import fit_group_time
from coroi.models.imputation_did import fit_imputation_did
from coroi.results import Label
from coroi.roi.flows import Line, join_lines, known_line, line_of
from coroi.roi.payback import crossing_of
from coroi.roi.present_value import discount_factors, present_value
from coroi.roi.valley import Span, dip_test, forgone, valley
from coroi.studies.programme.parts import MOST_LEADS
from coroi.studies.roi.parts import PROGRAMME
from coroi.studies.roi.question import CLAIMS
from coroi.studies.roi.valued import mean_of

PERIODS, STARTS, NEVER, SIZES = 24, (8, 10, 12), 0.25, (20, 50)
HORIZON, EARLY, RATE, PER_YEAR = 12, 3, 0.10, 12
FACTORS = discount_factors(RATE, HORIZON, PER_YEAR)
DELTA = 0.01 * 10.0 * float(FACTORS.sum())
"""The study's smallest value that matters: by default a hundredth of what a customer brings over the horizon."""

LEVEL = headline_level(len(CLAIMS))
PERSISTENCE, NOISE, POWER = 0.5, 1.0, 0.95
MOST_FALSE, MOST_SILENT, ALARM = 0.05, 0.20, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a programme brings per customer by period since the start, and what it costs.

    Parameters
    ----------
    words : str
        What happens.
    path : tuple of float
        Benefit by period since the start; the last one stays.
    set_up, running : float
        Cost in the period of the start, on top of that of each period.
    trend : float
        Growth by period of units that ever start, which the programme did not bring.
    """

    words: str
    path: tuple[float, ...]
    set_up: float = 0.0
    running: float = 0.0
    trend: float = 0.0

    @property
    def paid(self) -> np.ndarray:
        """Cost by period since the start, shape (HORIZON,)."""
        paid = np.full(HORIZON, self.running)
        paid[0] += self.set_up
        return paid

    @property
    def profit(self) -> np.ndarray:
        """Benefit less cost by period since the start, shape (HORIZON,)."""
        return np.array([self.path[min(k, len(self.path) - 1)] for k in range(HORIZON)]) - self.paid


_GROWS = tuple(0.2 * k for k in range(1, 11))
WORLDS = {
    "baseline": World(words="the benefit grows and pays back", path=_GROWS, set_up=2.0, running=0.3),
    "dip": World(
        words="a deep valley, then a late pay-off",
        path=(-1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.2, 1.4, 1.5, 1.6),
        set_up=1.0,
        running=0.1,
    ),
    "overspend": World(words="a real benefit that costs more than it brings", path=(0.5,), set_up=4.0, running=0.8),
    "null": World(words="no benefit, a small cost", path=(0.0,), set_up=0.5, running=0.05),
    "null, free": World(words="no benefit, no cost", path=(0.0,)),
    "confounded": World(
        words="no benefit, a small cost; units with the programme grow by themselves",
        path=(0.0,),
        set_up=0.5,
        running=0.05,
        trend=0.15,
    ),
}
TIMED = ("baseline", "dip", "overspend")
POWERED = "powered"
_TERMS = {
    "payback": "period by whose end the discounted sum of money is no longer below zero, for good",
    "crossover": "period from which profit is no longer below zero, for good",
}
_SPANS = {"depth": "lowest discounted sum of money since the start", "forgone": "value that stopping then gives up"}


@cache
def powered(n: int) -> World:
    """Return a growing benefit that is scaled so that the truth, known but for the effect, says "pays" in 95 %."""
    frame, _ = draw_roll_out(np.random.default_rng(0), n=n, periods=PERIODS, starts=STARTS, path=(0.0,), never=NEVER)
    first = frame.groupby("entity")["first_treated"].first().to_numpy(float)
    error = oracle_error(first, PERIODS, FACTORS, persistence=PERSISTENCE, noise=NOISE)
    aimed = value_with_power(error, delta=DELTA, level=LEVEL, power=POWER)
    plain = WORLDS["baseline"]
    brought = float(FACTORS @ (plain.profit + plain.paid))
    scale = (aimed + float(FACTORS @ plain.paid)) / brought
    path = tuple(scale * each for each in plain.path)
    return World(words="a growing benefit of the size told above", path=path, set_up=2.0, running=0.3)


def worlds(n: int) -> dict[str, World]:
    """Return every world for panels of n units."""
    return WORLDS | {POWERED: powered(n)}


def draw(rng: np.random.Generator, world: World, n: int) -> pd.DataFrame:
    """Draw money per customer by unit and period."""
    frame, _ = draw_roll_out(
        rng,
        n=n,
        periods=PERIODS,
        starts=STARTS,
        path=world.path,
        never=NEVER,
        trend=world.trend,
        persistence=PERSISTENCE,
        noise=NOISE,
    )
    return frame


def line_in(data: pd.DataFrame, world: World) -> Line:
    """Estimate the benefit and set it against the cost, as the study does."""
    fit = fit_imputation_did(data, outcome="outcome", leads=0, horizon=HORIZON - 1, balanced=0, keep_influence=True)
    lines = [line_of(fit, "spend", n_periods=HORIZON), known_line(PROGRAMME, -world.paid)]
    return join_lines(lines, currency="EUR", periods=[str(k) for k in range(HORIZON)]).total


def _own_fit(rng: np.random.Generator) -> Findings:
    found: dict[str, Found] = {}
    for n in SIZES:
        for name, world in worlds(n).items():
            data = draw(rng, world, n)
            told = _told(name, data, world)
            found |= {f"{term}[{name}, {n}]": each for term, each in told.items()}
    return found


def _told(name: str, data: pd.DataFrame, world: World) -> dict[str, Found]:
    line = line_in(data, world)
    found = {"value": _of_row(present_value(line, rate_annual=RATE, per_year=PER_YEAR))}
    if name in TIMED:
        found |= _timed(line)
    if name in ("dip", "null, free"):
        found["dip test"] = yes_or_no(dip_test(line).p_value < ALARM)
    label = verdict(line)
    if name == "confounded":
        guarded = label == "supported" and guards_hold(data, world)
        found["pays, unguarded"] = yes_or_no(label == "supported")
        found["consistent with"] = yes_or_no(label == "supported" and not guarded)
        found["pays"] = yes_or_no(guarded)
    else:
        found["pays"] = yes_or_no(label == "supported")
    if name == POWERED:
        found["cannot tell"] = yes_or_no(label == "cannot tell")
    return found


def verdict(line: Line) -> Label:
    """Judge the value at the study's level, at grade B."""
    row = present_value(line, rate_annual=RATE, per_year=PER_YEAR, level=LEVEL)
    return label_of(float(row["conf_low"]), float(row["conf_high"]), DELTA, grade="B")


def guards_hold(data: pd.DataFrame, world: World) -> bool:
    """Run the two guards of the study that look at paths before the start, the dearer one only where it matters.

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
    """Say whether the verdict survives trends that differ after the start as much as before it."""
    paid = -float(FACTORS @ world.paid)

    def judged(low: float, high: float) -> str:
        return label_of(low + paid, high + paid, DELTA, grade="B")

    try:
        path = path_of(fit_group_time(data, outcome="outcome", leads=MOST_LEADS), term="event_time")
        times = path.first + np.arange(len(path.after))
        weights = np.zeros(len(path.after))
        weights[(times >= 0) & (times < HORIZON)] = FACTORS
        df = data["entity"].nunique() - 1
        check = check_trend_bounds(path, weights, judged=judged, effect=-paid, bounds=(), level=LEVEL, df=df)
    except CoroiError:
        return False
    return bool(check.passed)


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


def truth_of(world: World) -> dict[str, float]:
    """Return what is true of a world within the horizon, "never" being the horizon."""
    profit = world.profit
    worth = np.where(np.abs(profit) < 1e-12, 0.0, profit) * FACTORS
    sums = np.cumsum(worth)

    def for_good(path: np.ndarray) -> float:
        found = crossing_of(pd.DataFrame(dict.fromkeys(("estimate", "band_low", "band_high"), path)))
        return min(found.estimate, float(HORIZON))

    return {
        "value": float(sums[-1]),
        "early": float(profit[:EARLY].mean()),
        "late": float(profit[EARLY:].mean()),
        "payback": for_good(sums),
        "crossover": for_good(worth),
        "depth": float(sums.min()),
        "forgone": float(sums[-1] - sums.min()),
    }


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
            for term, words, more in _of_world(name):
                yield Estimand(name=f"{term}[{name}, {n}]", words=f"{words}; {n} units; {world.words}", **more)


def _of_world(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
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
        bar = {"at_most": 0.065, "headline": True} if name == "null, free" else {}
        yield "dip test", "share that finds a dip at 5 %", bar
    if name == "confounded":
        yield "pays, unguarded", 'share "pays" if no guard were run, for comparison', {}
        yield "consistent with", 'share "consistent with" because a guard lowered the grade', {}
    bar = {"at_most": MOST_FALSE, "headline": True} if name in ("overspend", "null", "null, free", "confounded") else {}
    yield "pays", f'share "pays"{", guards run" if name == "confounded" else ""}', bar
    if name == POWERED:
        yield "cannot tell", 'share "cannot tell"', {"at_most": MOST_SILENT, "headline": True}


PAYBACKS = Experiment(
    name="paybacks",
    method=f"net present value over {HORIZON} periods at {RATE:.0%} a year of what a programme brings per customer, by "
    f"imputation on {PERIODS} periods, less known costs; a quarter of the units never starts, the others from periods "
    f"{', '.join(map(str, STARTS))} on; shocks of standard deviation {NOISE:g} and autocorrelation {PERSISTENCE:g}. "
    f"Verdicts are at {LEVEL:.1%}, the smallest value that matters is {DELTA:.2f}, a hundredth of what a customer "
    'brings. "Pays" is "supported" at grade B; under `confounded` the test of paths before the start and the bounds '
    "on trends are run, and other guards of the study could only lower the grade further. In `powered` the benefit is "
    "scaled so that generalised least squares, which knows the shocks' covariance and that the effect depends on time "
    f"since the start alone, puts its normal interval above the smallest value that matters in {POWER:.0%}. A share is "
    "in the column of what excludes 0, with its own bar where there is one",
    estimands=tuple(_estimands()),
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
