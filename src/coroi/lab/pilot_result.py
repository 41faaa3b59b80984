"""A pilot's design in the shape of every result: smallest effects, false alarms, curves, costs and checks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from coroi.inference.estimates import known, unknown
from coroi.lab.pilot_answer import Pilot
from coroi.lab.pilot_costs import forgone
from coroi.lab.pilot_designs import BEFORE_AFTER, DESIGNS, HOLD_OUT, STAGED, Found
from coroi.lab.pilot_outcomes import MONEY, RETENTION
from coroi.report.words import percent, percent_interval, plural
from coroi.results import Check, Grade, Result

_SURE = 0.999  # an excess of false alarms is called one only where chance would hardly make it


def as_result(pilot: Pilot) -> Result:
    """Return the smallest effects and the false alarms of every design, with their Monte Carlo intervals."""
    rows = []
    for found in pilot.found:
        keys = {"outcome": found.outcome, "design": found.design}
        rows.append({"term": "smallest_effect", **keys} | _smallest(pilot, found))
        rows.append({"term": "false_alarms", **keys} | _alarms(found))
    rows += [
        {"term": "smallest_effect", "outcome": name, "design": "any"} | unknown(why)
        for name, why in pilot.missing.items()
    ]
    curves = [f.curve.assign(outcome=f.outcome, design=f.design) for f in pilot.found if len(f.curve)]
    return Result(
        method="pilot_design",
        estimand=(
            "smallest effect that a pilot detects with the asked power: a share of customers, points of the metric, or "
            "money per customer, over the whole horizon"
        ),
        spec=_spec(pilot),
        estimates=pd.DataFrame(rows),
        n_obs=pilot.n,
        n_entities=pilot.n,
        checks=checks(pilot),
        tables={"power": pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(), "costs": costs(pilot)}
        | {"placebo_dates": _placebos(pilot)},
    )


def tells(pilot: Pilot, found: Found) -> bool:
    """Say whether a design reaches the asked power at some effect without crying wolf more often than its level."""
    return found.smallest is not None and np.isfinite(found.smallest.estimate) and not cries_wolf(pilot, found)


def cries_wolf(pilot: Pilot, found: Found) -> bool:
    """Say whether a design rejects more often than its level where there is no effect, beyond simulation error."""
    if not len(found.curve):
        return False
    n = found.replications
    hits = round(float(found.curve["power"].iloc[0]) * n)
    return bool(proportion_confint(hits, n, alpha=1 - _SURE, method="wilson")[0] > pilot.options.alpha)


def false_alarms(found: Found) -> tuple[float, float, float]:
    """Return the share of pilots without effect that are called one, with its Wilson interval."""
    row = found.curve.iloc[0]
    return float(row["power"]), float(row["conf_low"]), float(row["conf_high"])


def grade_of(pilot: Pilot, found: Found) -> Grade:
    """Return the best evidence grade that a design could reach."""
    if found.design != BEFORE_AFTER:
        return "A"
    return "C" if tells(pilot, found) else "D"


def forgone_by(pilot: Pilot, outcome: str, design: str) -> float:
    """Return the money forgone by waiting at the smallest effect; NaN where there is no such effect or no money."""
    found = pilot.of(outcome, design)
    if not tells(pilot, found) or found.smallest is None or not pilot.money:
        return float("nan")
    bill, effect = pilot.bills[design], found.smallest.estimate
    return forgone(bill, outcome, effect, kept_per_month=pilot.kept_per_month, months=pilot.months)


def costs(pilot: Pilot) -> pd.DataFrame:
    """Return what each design takes and costs, and what waiting forgoes at its smallest effects."""
    rows = []
    names = [o.name for o in pilot.outcomes]
    for design in DESIGNS:
        bill = pilot.bills[design]
        lost = {f"forgone_{n}": forgone_by(pilot, n, design) for n in (RETENTION, MONEY) if n in names}
        took = {"customer_months": bill.treated_months, "months": pilot.months, "cost": bill.cost}
        rows.append({"design": design, "customers_treated": bill.treated} | took | lost)
    return pd.DataFrame(rows)


def checks(pilot: Pilot) -> tuple[Check, ...]:
    """Return what was checked: false alarms of each design, and the dates that those of the before–after rest on."""
    names = {HOLD_OUT: "hold_out", STAGED: "staged", BEFORE_AFTER: "before_after"}
    found = [
        _alarm_check(pilot, pilot.of(outcome.name, design), f"alarms_{outcome.name}_{names[design]}")
        for outcome in pilot.outcomes
        for design in DESIGNS
    ]
    return (*found, _dates_check(pilot))


def _alarm_check(pilot: Pilot, found: Found, name: str) -> Check:
    level = percent(pilot.options.alpha, 0 if round(100 * pilot.options.alpha, 6).is_integer() else 1)
    tested = (
        f"whether a {found.design} on {found.outcome} that has no effect is called one in {level} of pilots at most"
    )
    if not len(found.curve):
        return Check(name=name, tested=tested, passed=None, sentence=f"Not run: {found.reason}.")
    share, low, high = false_alarms(found)
    n = found.replications
    said = f"False alarms in {percent(share, 1)} of {n:,} simulated pilots ({percent_interval(low, high, decimals=1)})."
    if found.observed is not None:
        said += f" In the data as they are, {found.alarms} of {plural(len(found.observed), 'placebo date')} raised one."
    return Check(name=name, tested=tested, passed=not cries_wolf(pilot, found), sentence=said)


def _dates_check(pilot: Pilot) -> Check:
    tested = "whether the data hold several separate stretches to learn the calendar's drift from"
    span = plural(2 * pilot.options.horizon, pilot.period)
    if not pilot.n_dates:
        said = f"Not run: no date has {plural(pilot.options.horizon, pilot.period)} before it and as many after it."
        return Check(name="placebo_dates", tested=tested, passed=None, sentence=said)
    room = "only one stretch" if pilot.n_stretches == 1 else plural(pilot.n_stretches, "stretch")
    said = (
        f"{plural(pilot.n_dates, 'placebo date')}; {room} of {span} fit{'s' * (pilot.n_stretches == 1)} into the data."
    )
    if pilot.n_stretches < 3:
        said += " The drift is known from so little that a before–after without alarms would not be cleared by it."
    return Check(name="placebo_dates", tested=tested, passed=pilot.n_stretches >= 3, sentence=said)


def _smallest(pilot: Pilot, found: Found) -> dict:
    if found.smallest is None:
        return unknown(found.reason)
    if cries_wolf(pilot, found):
        return unknown(
            f"without any effect it would raise a false alarm in {percent(false_alarms(found)[0])} of pilots"
        )
    s = found.smallest
    if not np.isfinite(s.estimate):
        most = found.curve.iloc[-1]
        return unknown(
            f"even the largest possible effect is detected in {percent(float(most['smooth']))} of pilots only"
        )
    return known(s.estimate, s.std_error, s.conf_low, s.conf_high)


def _alarms(found: Found) -> dict:
    if not len(found.curve):
        return unknown(found.reason)
    share, low, high = false_alarms(found)
    return known(share, float(np.sqrt(share * (1 - share) / found.replications)), low, high)


def _placebos(pilot: Pilot) -> pd.DataFrame:
    rows = [
        {"outcome": f.outcome, "date": number, "change": float(change)}
        for f in pilot.found
        if f.observed is not None
        for number, change in enumerate(f.observed, start=1)
    ]
    return pd.DataFrame(rows, columns=["outcome", "date", "change"])


def _spec(pilot: Pilot) -> dict[str, object]:
    o = pilot.options
    return {
        "horizon": o.horizon,
        "period": pilot.period,
        "metric": o.metric,
        "n_customers": pilot.n,
        "n_units": pilot.n_units,
        "waves": pilot.waves,
        "holdout_share": o.holdout_share,
        "response_rate": pilot.response_rate,
        "power": o.power,
        "alpha": o.alpha,
        "price_per_customer_month": pilot.price.per_month,
        "fixed_cost": o.fixed_cost,
        "replications": o.replications,
        "seed": o.seed,
    }
