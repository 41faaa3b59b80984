"""What a pilot's design is asked for: options, checked together before any data are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

from coroi.errors import Problem, StudyError, did_you_mean, raise_together
from coroi.studies.plan import Plan

MOST_WAVES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotOptions:
    """Choices for the design of a pilot.

    Parameters
    ----------
    horizon : int
        Periods until the answer is read; 0 for the plan's.
    metric : str
        Metric whose mean score is an outcome; empty for the plan's first that has answers.
    response_rate : float or None
        Share of customers who answer within the horizon; as in the data by default.
    holdout_share : float
        Share of customers who are held out by lot.
    waves : int
        Waves of the staged roll-out; the last begins when the answer is read.
    power : float
        Probability with which the effect is to be detected.
    alpha : float
        Two-sided level of the tests.
    cost_per_customer : float or None
        Price per treated customer and month; from the plan's costs by default.
    fixed_cost : float
        What a pilot costs once, whatever its size.
    replications : int
        Simulated pilots per design and size of effect.
    seed : int or None
        Equal seeds give equal answers; the plan's by default.
    """

    horizon: int = 0
    metric: str = ""
    response_rate: float | None = None
    holdout_share: float = 0.5
    waves: int = 4
    power: float = 0.8
    alpha: float = 0.05
    cost_per_customer: float | None = None
    fixed_cost: float = 0.0
    replications: int = 2000
    seed: int | None = None


def check_options(options: PilotOptions, plan: Plan) -> None:
    """Refuse options that cannot be used, all of them together.

    Raises
    ------
    StudyError
        With every option that is out of its range or names a metric that the plan does not have.
    """
    raise_together(_problems(options, plan), StudyError)


def _problems(options: PilotOptions, plan: Plan) -> Iterator[Problem]:
    if options.metric and options.metric not in plan.metrics:
        what = f"the plan has no metric '{options.metric}'."
        yield Problem("--metric", what, did_you_mean(options.metric, plan.metrics))
    if not 0 <= options.horizon <= 600:
        fix = f"Give 1 to 600 {plan.period}s, or leave it out to take the plan's {plan.horizon}."
        yield Problem("--horizon", f"{options.horizon} {plan.period}s is no time to wait.", fix)
    for name, share in (("--holdout-share", options.holdout_share), ("--power", options.power)):
        if not 0 < share < 1:
            yield Problem(name, f"{share:g} is no share.", "Give a number between 0 and 1, such as 0.5.")
    if not 0 < options.alpha <= 0.5:
        yield Problem("--alpha", f"{options.alpha:g} is no level of a test.", "Give at most 0.5; 0.05 is usual.")
    if 0 < options.power < 1 and options.power <= options.alpha:
        what = f"{options.power:g} is not above --alpha, which chance alone reaches."
        yield Problem("--power", what, "0.8 is usual.")
    rate = options.response_rate
    if rate is not None and not 0 < rate <= 1:
        yield Problem("--response-rate", f"{rate:g} is no share.", "Give a number above 0, at most 1, such as 0.2.")
    if not 2 <= options.waves <= MOST_WAVES:
        yield Problem("--waves", f"{options.waves} waves cannot be staged.", f"Give 2 to {MOST_WAVES}.")
    yield from _counts(options)


def _counts(options: PilotOptions) -> Iterator[Problem]:
    fewest = max(100, floor(5 / options.alpha)) if options.alpha > 0 else 100
    if not fewest <= options.replications <= 100_000:
        what = f"{options.replications} replications do not tell a level of {options.alpha:g} from another one."
        if options.replications > fewest:
            what = f"{options.replications} replications take too long."
        yield Problem("--replications", what, f"Give {fewest} to 100000; 2000 is usual.")
    for name, cost in (("--cost-per-customer", options.cost_per_customer), ("--fixed-cost", options.fixed_cost)):
        if cost is not None and not 0 <= cost < 1e15:
            yield Problem(name, f"{cost:g} is no price.", "Give an amount of 0 or more in the plan's currency.")
    if options.seed is not None and not 0 <= options.seed < 2**32:
        yield Problem("--seed", f"{options.seed} cannot be used.", "Give a whole number, 0 to 4294967295.")
