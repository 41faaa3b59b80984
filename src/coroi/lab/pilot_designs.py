"""The three designs, simulated: what each would detect, and how often each would see what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import comb

import numpy as np
import pandas as pd
from scipy import stats

from coroi.lab.pilot_before import Drifts, simulate_dates, tells_few
from coroi.lab.pilot_compare import Replications, compare, hold_out, staged
from coroi.lab.pilot_lots import MOST_UNITS, compare_lots, wave_sizes
from coroi.lab.pilot_options import PilotOptions
from coroi.lab.pilot_outcomes import RETENTION, Outcome, Setting, customer_rows, date_sides, side_rows, unit_rows
from coroi.lab.pilot_power import Smallest, power_curve, smallest_effect
from coroi.lab.pilot_units import as_rows
from coroi.report.privacy import fewer_than

HOLD_OUT, STAGED, BEFORE_AFTER, UNADJUSTED = "hold-out", "staged roll-out", "before–after", "hold-out, not adjusted"
DESIGNS = (HOLD_OUT, STAGED, BEFORE_AFTER)
_EFFECTS = 13
_PROBES = 200
_EXTENSIONS = 4  # times that the grid may be doubled until the asked power is reached
Simulate = Callable[[np.random.Generator, np.ndarray, int], tuple[Replications, Drifts | None]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """One design for one outcome, ready to be simulated; or the reason why it cannot be."""

    outcome: Outcome
    design: str
    simulate: Simulate | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What the simulation of one design says for one outcome.

    Parameters
    ----------
    outcome, design : str
        Which.
    reason : str
        Why it was not simulated; empty where it was.
    smallest : Smallest or None
        Smallest effect with the asked power, by the usual test.
    curve : pandas.DataFrame
        ``effect, power, conf_low, conf_high, smooth``.
    observed : numpy.ndarray or None
        Change at each placebo date (before–after); NaN where few customers are behind it.
    alarms : int
        Placebo dates at which the usual test rejects in the data as they are.
    replications : int
        Simulated pilots at each effect.
    """

    outcome: str
    design: str
    reason: str = ""
    smallest: Smallest | None = None
    curve: pd.DataFrame
    observed: np.ndarray | None = None
    alarms: int = 0
    replications: int = 0


def tasks_of(setting: Setting, outcomes: tuple[Outcome, ...], options: PilotOptions, waves: int) -> Iterator[Task]:
    """Return every design for every outcome, in the order of the page."""
    for outcome in outcomes:
        if outcome.hidden or outcome.most <= 0:
            yield from (Task(outcome=outcome, design=d, simulate=None, reason=_nothing(outcome)) for d in DESIGNS)
            continue
        yield _hold_out(setting, outcome, options, adjusted=True)
        if outcome.name != RETENTION:
            yield _hold_out(setting, outcome, options, adjusted=False)
        yield _staged(setting, outcome, options, waves)
        yield _before_after(setting, outcome, options)


def run_task(task: Task, options: PilotOptions, seed: np.random.SeedSequence) -> Found:
    """Simulate one design over a grid of effects and find the smallest that it detects.

    Parameters
    ----------
    task : Task
        What to simulate.
    options : PilotOptions
        Power, level, replications.
    seed : numpy.random.SeedSequence
        Of this task alone, so that the order of tasks does not matter.
    """
    empty = pd.DataFrame(columns=["effect", "power", "conf_low", "conf_high", "smooth"], dtype=float)
    if task.simulate is None:
        return Found(outcome=task.outcome.name, design=task.design, reason=task.reason, curve=empty)
    probing, drawing, resampling = (np.random.default_rng(s) for s in seed.spawn(3))
    effects = _choose_effects(probing, task, options)
    for again in range(_EXTENSIONS + 1):
        found, drifts = task.simulate(drawing, effects, options.replications)
        smallest = smallest_effect(resampling, effects, found.reject, power=options.power)
        if np.isfinite(smallest.conf_high) or effects[-1] >= task.outcome.most or again == _EXTENSIONS:
            break
        effects = np.linspace(0.0, min(2 * effects[-1], task.outcome.most), _EFFECTS)
    return Found(
        outcome=task.outcome.name,
        design=task.design,
        smallest=smallest,
        curve=power_curve(effects, found.reject),
        observed=None if drifts is None else drifts.observed,
        alarms=0 if drifts is None else drifts.alarms,
        replications=found.reject.shape[1],
    )


def held_out(n: int, share: float) -> int:
    """Return how many of n customers are held out, at least one and not all."""
    return min(max(round(n * share), 1), n - 1)


def _nothing(outcome: Outcome) -> str:
    if outcome.hidden:
        return f"{outcome.hidden}, and any size would tell how many"
    if outcome.name == RETENTION:
        return "no customer was lost within the horizon in the data, so there is nothing to be won"
    return "every answer is at the top of the scale already, so there is nothing to be won"


def n_lots(n: int, waves: int) -> int:
    """Count the ways in which units can be drawn into waves."""
    ways, left = 1, n
    for size in wave_sizes(n, waves):
        ways, left = ways * comb(left, size), left - size
    return ways


def _choose_effects(rng: np.random.Generator, task: Task, options: PilotOptions) -> np.ndarray:
    """Return sizes from none to one and a half times what a normal estimate would be detected at."""
    assert task.simulate is not None
    outcome = task.outcome
    trial = outcome.most / 2 if np.isfinite(outcome.most) else outcome.spread
    if trial <= 0:
        return np.zeros(_EFFECTS)
    probe, _ = task.simulate(rng, np.array([0.0, trial]), _PROBES)
    slope = float(np.mean(probe.estimate[1] - probe.estimate[0])) / trial
    error = float(np.sqrt(np.mean(np.square(probe.estimate[0]))))
    quantiles = stats.norm.ppf(1 - options.alpha / 2) + stats.norm.ppf(max(options.power, 0.5))
    reach = 1.5 * quantiles * error / slope if slope > 0 and error > 0 else trial
    return np.linspace(0.0, min(reach, outcome.most), _EFFECTS)


def _hold_out(setting: Setting, outcome: Outcome, options: PilotOptions, *, adjusted: bool) -> Task:
    n = len(setting.whole)
    held = held_out(n, options.holdout_share)
    build = customer_rows(setting, outcome, by_step=False, adjusted=adjusted)

    def simulate(rng: np.random.Generator, effects: np.ndarray, times: int) -> tuple[Replications, None]:
        rows = build(rng, effects)
        return compare(rng, rows, hold_out(n - held, held), replications=times, alpha=options.alpha), None

    return Task(outcome=outcome, design=HOLD_OUT if adjusted else UNADJUSTED, simulate=simulate)


def _staged(setting: Setting, outcome: Outcome, options: PilotOptions, waves: int) -> Task:
    people, lengths = setting.steps, setting.lengths
    if people is None:
        reason = "a snapshot shows one date, and a staged roll-out needs time"
        return Task(outcome=outcome, design=STAGED, simulate=None, reason=reason)
    if not people.n_units:
        build = customer_rows(setting, outcome, by_step=True)
        layout = staged(wave_sizes(len(people), waves), lengths)
        return Task(outcome=outcome, design=STAGED, simulate=_by_customer(build, layout, options))
    units = unit_rows(setting, outcome)
    if people.n_units > MOST_UNITS:
        layout = staged(wave_sizes(people.n_units, waves), lengths)
        return Task(
            outcome=outcome,
            design=STAGED,
            simulate=_by_customer(lambda rng, effects: as_rows(units(rng, effects)), layout, options),
        )
    if waves < 2 or n_lots(people.n_units, waves) * options.alpha < 1:
        n = people.n_units
        ways = n_lots(n, waves) if waves > 1 else 1
        reason = (
            f"{n} unit{'' if n == 1 else 's'} can be drawn into {waves} wave{'' if waves == 1 else 's'} in {ways} "
            f"way{'' if ways == 1 else 's'} only, too few for a test at {100 * options.alpha:g} %"
        )
        return Task(outcome=outcome, design=STAGED, simulate=None, reason=reason)

    def simulate(rng: np.random.Generator, effects: np.ndarray, times: int) -> tuple[Replications, None]:
        rows = units(rng, effects)
        how = {"n_units": people.n_units, "waves": waves, "replications": times}
        return compare_lots(rng, rows, lengths=lengths, alpha=options.alpha, **how), None

    return Task(outcome=outcome, design=STAGED, simulate=simulate)


def _by_customer(build: Callable, layout: object, options: PilotOptions) -> Simulate:
    def simulate(rng: np.random.Generator, effects: np.ndarray, times: int) -> tuple[Replications, None]:
        return compare(rng, build(rng, effects), layout, replications=times, alpha=options.alpha), None  # type: ignore[arg-type]

    return simulate


def _before_after(setting: Setting, outcome: Outcome, options: PilotOptions) -> Task:
    sides = date_sides(setting, outcome)
    if not sides:
        reason = "no date in the data has a whole horizon before it and another after it, so its drift is not known"
        if setting.steps is None:
            reason = "a snapshot shows one date, with nothing before it"
        return Task(outcome=outcome, design=BEFORE_AFTER, simulate=None, reason=reason)
    share = outcome.name == RETENTION
    few = np.array([tells_few(s, setting.smallest_cell, share=share) for s in sides])
    if few.all():
        reason = f"around every date in the data some group is of {fewer_than(setting.smallest_cell)} customers"
        return Task(outcome=outcome, design=BEFORE_AFTER, simulate=None, reason=reason)
    builders = [side_rows(setting, outcome, s) for s in sides]
    n = len(setting.whole)

    def simulate(rng: np.random.Generator, effects: np.ndarray, times: int) -> tuple[Replications, Drifts]:
        dates = [(s, build(rng, effects)) for s, build in zip(sides, builders, strict=True)]
        drifts = simulate_dates(rng, dates, n=n, replications=times, alpha=options.alpha)
        return drifts.replications, replace(drifts, observed=np.where(few, np.nan, drifts.observed))

    return Task(outcome=outcome, design=BEFORE_AFTER, simulate=simulate)
