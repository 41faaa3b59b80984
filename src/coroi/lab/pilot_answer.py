"""The pilot's design as a whole: from a plan's prepared data to what each design would detect and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from joblib import Parallel, delayed

from coroi.errors import Problem, StudyError
from coroi.lab.pilot_costs import Bill, Price, bills, months_of, priced, programme_price
from coroi.lab.pilot_designs import Found, run_task, tasks_of
from coroi.lab.pilot_options import PilotOptions, check_options
from coroi.lab.pilot_outcomes import SCORE, Outcome, Setting, outcomes_of
from coroi.lab.pilot_people import NONE
from coroi.lab.pilot_setting import make_setting
from coroi.schemas import Period, Relationship
from coroi.studies.inputs import Inputs, choose_metric, metric_label

_FEWEST = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pilot:
    """What was asked of a pilot, of whom, and what the simulations say.

    Parameters
    ----------
    options : PilotOptions
        With the plan's values in the place of what was left out.
    currency, period, relationship
        As in the plan.
    smallest_effect : float
        The smallest effect that matters, from the plan.
    label : str
        The metric's name on the page; empty without one.
    scale : (float, float)
        Its ends; NaN without one.
    higher_is_better : bool
        Which end is good.
    money : str
        ``margin``, ``revenue`` or empty.
    start : datetime.date or None
        First day of the period in which the customers were fixed.
    n, n_units, n_without_unit : int
        Customers, their units, and customers without one.
    units_aside : bool
        Whether the plan's units are left aside, since they hold too few customers to be counted.
    lengths : tuple of int
        Periods of each step of the staged roll-out.
    response_rate : float
        Share of customers who answer within the horizon, as used; NaN without a metric, and where it would tell that
        few did not.
    n_dates, n_stretches : int
        Placebo dates, and how many of them share no period with another.
    outcomes : tuple of Outcome
        What the data bear.
    missing : dict of str to str
        Why they do not bear the rest.
    found : tuple of Found
        One for each outcome and design.
    bills : dict of str to Bill
        By design.
    price : Price
        Of a treated customer-month.
    kept_per_month : float
        Money that a customer who stays brings in a month; NaN where it is not known.
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    options: PilotOptions
    currency: str
    period: Period
    relationship: Relationship
    smallest_effect: float
    label: str
    scale: tuple[float, float]
    higher_is_better: bool
    money: str
    start: date | None
    n: int
    n_units: int
    n_without_unit: int
    lengths: tuple[int, ...]
    response_rate: float
    n_dates: int
    n_stretches: int
    outcomes: tuple[Outcome, ...]
    missing: dict[str, str]
    found: tuple[Found, ...]
    bills: dict[str, Bill]
    price: Price
    kept_per_month: float
    smallest_cell: int = 10
    units_aside: bool = False

    @property
    def waves(self) -> int:
        """Waves of the staged roll-out."""
        return len(self.lengths) + 1

    @property
    def few_silent(self) -> bool:
        """Whether so few customers did not answer that their number may not be told."""
        if self.options.response_rate is not None:
            return False
        return any(o.name == SCORE and 0 < self.n - o.n < self.smallest_cell for o in self.outcomes)

    @property
    def few_without_unit(self) -> bool:
        """Whether so few customers have no unit that their number may not be told."""
        return 0 < self.n_without_unit < self.smallest_cell

    @property
    def months(self) -> float:
        """Months until the answer is read."""
        return self.options.horizon * months_of(self.period)

    def of(self, outcome: str, design: str) -> Found:
        """Return what was found for an outcome and a design."""
        return next(f for f in self.found if (f.outcome, f.design) == (outcome, design))


def simulate_pilot(
    inputs: Inputs, options: PilotOptions, *, jobs: int = 1, progress: Callable[[str], None] = lambda _: None
) -> Pilot:
    """Answer, by simulation from a plan's own data, what a pilot could detect.

    Parameters
    ----------
    inputs : Inputs
        The plan and its prepared tables.
    options : PilotOptions
        What is asked.
    jobs : int
        Processes that share the simulations; the answer does not depend on it.
    progress : callable
        Told the name of each step.

    Raises
    ------
    StudyError
        If an option cannot be used, the data are shorter than the horizon, or there are fewer than four
        customers, or fewer than the plan lets be counted on a page.
    """
    check_options(options, inputs.plan)
    plan = inputs.plan
    metric = choose_metric(inputs, options.metric) if plan.metrics else ""
    options = replace(
        options,
        horizon=options.horizon or plan.horizon,
        metric=metric,
        seed=plan.seed if options.seed is None else options.seed,
    )
    progress("following customers")
    setting, start, money, aside = make_setting(inputs, options)
    n, fewest = len(setting.whole), max(_FEWEST, plan.privacy.smallest_cell)
    if n < fewest:
        what = f"{'fewer than ' + str(fewest) if n else 'no'} customers are to be followed: there is no pilot."
        raise StudyError(Problem("design", what, "Take a shorter --horizon, or add data."))
    outcomes, missing = outcomes_of(setting)
    progress("simulating pilots")
    tasks = list(tasks_of(setting, outcomes, options, len(setting.lengths) + 1))
    seeds = np.random.SeedSequence(options.seed).spawn(len(tasks))
    found = Parallel(n_jobs=jobs)(delayed(run_task)(t, options, s) for t, s in zip(tasks, seeds, strict=True))
    pilot = _pilot(inputs, options, setting, start, money, outcomes, missing, tuple(found))
    return replace(pilot, units_aside=aside)


def _pilot(
    inputs: Inputs,
    options: PilotOptions,
    setting: Setting,
    start: date | None,
    money: str,
    outcomes: tuple[Outcome, ...],
    missing: dict[str, str],
    found: tuple[Found, ...],
) -> Pilot:
    """Put what was asked and found beside what it costs."""
    plan, metric, n = inputs.plan, options.metric, len(setting.whole)
    scale = plan.metrics[metric].scale if metric else (float("nan"), float("nan"))
    price = _price(inputs, options)
    steps = setting.steps
    n_units = steps.n_units if steps is not None else 0
    without = int((steps.unit == NONE).sum()) if steps is not None and n_units else 0
    few = 0 < without < plan.privacy.smallest_cell
    taken = bills(
        n,
        n if few else n - without,  # a bill that leaves few out would tell how few
        n_units,
        setting.lengths,
        holdout_share=options.holdout_share,
        months=months_of(plan.period),
    )
    return Pilot(
        options=options,
        currency=plan.currency,
        period=plan.period,
        relationship=plan.relationship_or_default,
        smallest_effect=plan.smallest_effect,
        label=metric_label(plan, metric) if metric else "",
        scale=scale,
        higher_is_better=not metric or plan.metrics[metric].higher_is == "better",
        money=money,
        start=start,
        n=n,
        n_units=n_units,
        n_without_unit=without,
        smallest_cell=plan.privacy.smallest_cell,
        lengths=setting.lengths,
        response_rate=_rate(setting, outcomes, plan.privacy.smallest_cell),
        n_dates=len(setting.dates),
        n_stretches=_stretches(inputs, setting, options.horizon),
        outcomes=outcomes,
        missing=missing,
        found=found,
        bills=priced(taken, price, options.fixed_cost),
        price=price,
        kept_per_month=_kept_per_month(setting, options.horizon * months_of(plan.period)),
    )


def _price(inputs: Inputs, options: PilotOptions) -> Price:
    if options.cost_per_customer is not None:
        return Price(per_month=options.cost_per_customer, source="--cost-per-customer")
    found = None
    if inputs.panel is not None:
        smallest = inputs.plan.privacy.smallest_cell
        found = programme_price(inputs.connection, inputs.tables, inputs.panel, smallest=smallest)
    return found or Price(per_month=float("nan"), source="")


def _rate(setting: Setting, outcomes: tuple[Outcome, ...], smallest: int) -> float:
    n = len(setting.whole)
    answer = next((o.n for o in outcomes if o.name == SCORE), 0)
    few_silent = setting.response_rate is None and 0 < n - answer < smallest
    return answer / n if answer and not few_silent else float("nan")


def _stretches(inputs: Inputs, setting: Setting, horizon: int) -> int:
    """Count how many pairs of a horizon before and after fit into the data without sharing a period."""
    if inputs.panel is None or not setting.dates:
        return 0
    frame = inputs.connection.execute(inputs.panel.data["period"].nunique())
    return max(int(frame) // (2 * horizon), 1)


def _kept_per_month(setting: Setting, months: float) -> float:
    money = setting.whole.money
    if money is None or not setting.kept.any():
        return float("nan")
    return float(money[setting.kept].sum(axis=1).mean() / months)
