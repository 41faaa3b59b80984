"""How the question of the study `roi` is fixed: by a roll-out where there is one, otherwise by what follows a score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from coroi.errors import StudyError, did_you_mean
from coroi.prepare.followed import followed
from coroi.prepare.money_lines import MoneyLines, money_lines
from coroi.report.words import join_words, percent
from coroi.roi.present_value import discount_factors
from coroi.schemas import PERIODS_PER_YEAR
from coroi.studies import profit, programme
from coroi.studies.inputs import Inputs
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.roi.lost import lost_rows
from coroi.studies.roi.question import Question

BORNE = ("shared", "cohort")
FOLLOWED = 0.75
_YEARS = 5


def ask(
    inputs: Inputs,
    *,
    metric: str = "",
    practice: str = "",
    horizon: int = 0,
    anticipation: int = 0,
    unmoved: str = "",
    discount_rate: float = -1.0,
    early: int = 0,
    run_out: int = 0,
    half_life: float = 0.0,
    costs_borne: str = "shared",
    referrals: bool = False,
    reported_margin: float = 0.0,
    score_change: float = 0.0,
    cost_at_start: float = 0.0,
    cost_running: float = 0.0,
) -> Question:
    """Fix the route, the units, the horizon, the rate and the smallest value that matters before anything is fitted.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        Empty for the plan's first.
    practice : str
        Empty for all practices, each unit from its first.
    horizon : int
        Periods; 0 for as long as three quarters of the units with the programme are followed.
    anticipation : int
        Periods before the start in which an effect may already be felt.
    unmoved : str
        Reason for exits that no programme can move: a placebo.
    discount_rate : float
        A year; -1 for the plan's.
    early : int
        Periods that count as early; 0 for a quarter of the horizon.
    run_out : int
        Periods after the horizon that assumptions are made on, in rows beside the answer; 0 for a year.
    half_life : float
        Periods in which half of an effect is assumed to fade there; 0 for a year.
    costs_borne : str
        ``shared`` or ``cohort``.
    referrals : bool
        Whether money of customers whom others brought counts; it is told beside the sum otherwise.
    reported_margin : float
        Margin that the accounts report for the data's time; 0 where none is to be held against.
    score_change, cost_at_start, cost_running : float
        By the route of the score: assumptions.

    Raises
    ------
    StudyError
        If a parameter is none that can be meant, or there is no panel.

    Notes
    -----
    The horizon is chosen by how long units are followed, never by what is found in it. Units that start too late for
    it serve as untreated before their start and are left aside after it; they are counted.
    """
    plan = inputs.plan
    _check(costs_borne, BORNE, "costs_borne")
    rate = plan.discount_rate_annual if discount_rate == -1.0 else discount_rate
    _check_numbers(horizon, rate, half_life, reported_margin, early, run_out)
    _check_assumed(score_change, cost_at_start, cost_running)
    if inputs.panel is None:
        raise StudyError("There is no panel: the plan has neither contracts nor purchases that can be used.")
    shared: dict[str, Any] = {
        "currency": plan.currency,
        "frequency": plan.period,
        "rate": rate,
        "share": plan.smallest_effect,
        "run_out": run_out or round(PERIODS_PER_YEAR[plan.period]),
        "half_life": half_life or PERIODS_PER_YEAR[plan.period],
        "reported": reported_margin,
        "borne": costs_borne,
        "referrals": referrals,
        "smallest_cell": plan.privacy.smallest_cell,
        "lost": lost_rows(inputs.ledger),
    }
    found = None
    if "programme" in inputs.tables:
        asked = {"metric": metric, "practice": practice, "anticipation": anticipation, "unmoved": unmoved}
        found = _by_roll_out(inputs, asked, horizon, early, shared)
        if not found.reason:
            return found
    elif practice:
        raise StudyError("There is no table 'programme', so that no practice can be asked for. Leave `practice` empty.")
    score = {"score_change": score_change, "cost_at_start": cost_at_start, "cost_running": cost_running}
    other = _by_score(inputs, metric, horizon, early, score, shared)
    if found is None:
        return other
    return found if other.reason else replace(other, no_roll_out=found.reason)


def _by_roll_out(inputs: Inputs, asked: dict[str, Any], horizon: int, early: int, shared: dict[str, Any]) -> Question:
    base = programme.ask(inputs, **asked, outcome="money", horizon=1)
    nothing = {"horizon": max(horizon, 1), "early": 1, "delta": 1.0, "n_customers": 0} | shared
    if base.reason:
        return Question(route="none", programme=base, reason=base.reason, **nothing)
    assert inputs.panel is not None
    lines = money_lines(
        inputs.connection,
        inputs.panel,
        base.units,
        tables=inputs.tables,
        practices=base.own_names,
        borne="cohort" if shared["borne"] == "cohort" else "share",
        anticipation=base.anticipation,
        smallest=shared["smallest_cell"],
    )
    if lines.reason:
        return Question(route="none", programme=base, reason=lines.reason, **nothing)
    span, kept, n_short = _followed(base, horizon, PERIODS_PER_YEAR[base.frequency])
    if span < 1:
        why = "no unit with the programme is followed after its start"
        return Question(route="none", programme=base, reason=why, **nothing)
    lines = signed_costs(lines)
    lines = replace(lines, rows=with_benefit(lines.rows, referrals=shared["referrals"]))
    rows = base.units.rows.drop(columns=["margin", "cost_to_serve"])
    rows = rows.merge(lines.rows[["unit", "period", "benefit"]], on=["unit", "period"], how="left")
    rows = rows.rename(columns={"benefit": "margin"}).assign(cost_to_serve=np.nan)
    units = replace(base.units, rows=rows)
    starts = base.starts.assign(until=base.starts["until"].where(kept, base.starts["first_treated"]))
    before = rows[rows["period"] < starts["first_treated"].min()]
    weight = before["unit"].map(units.units.set_index("unit")["n_customers"])
    mean = float(np.average(before["margin"], weights=weight)) if len(before) else float("nan")
    factors = discount_factors(shared["rate"], span, PERIODS_PER_YEAR[base.frequency])
    delta = shared["share"] * abs(mean) * float(factors.sum())
    outcome = Outcome(
        name="money",
        label="what customers bring before the programme's costs",
        kind="money",
        sign=1.0,
        delta=delta / float(factors.sum()),
        per=f"{percent(float(str(shared['share'])), 1)} of what a customer brings",
        mean=mean,
    )
    question = replace(
        base,
        units=units,
        starts=starts,
        horizon=span,
        headline="money",
        outcomes=(outcome, *(o for o in base.outcomes if o.name in ("exits", "score"))),
    )
    treated = starts.loc[kept & starts["first_treated"].notna(), "unit"]
    members = units.units.set_index("unit")["n_customers"].reindex(treated)
    reason = "" if delta > 0 else "customers brought no money before the first start, so that no effect can be valued"
    return Question(
        route="roll-out" if not reason else "none",
        programme=question,
        lines=lines,
        horizon=span,
        early=min(early or max(span // 4, 1), max(span - 1, 1)),
        delta=delta if delta > 0 else 1.0,
        n_customers=int(members.sum()),
        n_short=n_short,
        asked_horizon=horizon if horizon > span else 0,
        cost_reason=lines.reasons.get("programme_cost", ""),
        reason=reason,
        **shared,
    )


def _by_score(
    inputs: Inputs, metric: str, horizon: int, early: int, score: dict[str, Any], shared: dict[str, Any]
) -> Question:
    nothing = {"horizon": max(horizon, 1), "early": 1, "delta": 1.0, "n_customers": 0} | shared
    if not inputs.plan.metrics:
        return Question(route="none", reason="the plan names no metric and no roll-out", **nothing)
    asked = profit.ask(inputs, metric=metric, horizon=horizon)
    if asked.reason:
        return Question(route="none", score=asked, reason=asked.reason, **nothing)
    factors = discount_factors(shared["rate"], asked.horizon, PERIODS_PER_YEAR[asked.frequency])
    costless = not (score["cost_at_start"] or score["cost_running"])
    missing = [w for w, lacking in (("`score_change`", not score["score_change"]), ("its cost", costless)) if lacking]
    return Question(
        route="score",
        score=asked,
        horizon=asked.horizon,
        early=min(early or asked.early, max(asked.horizon - 1, 1)),
        delta=shared["share"] * abs(asked.mean_money) * float(factors.sum()),
        n_customers=asked.n_customers,
        cost_reason=(
            f"there is no roll-out, and {join_words(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} not given as an assumption"
            if missing
            else ""
        ),
        **score,
        **shared,
    )


def _followed(base: programme.Question, horizon: int, per_year: float) -> tuple[int, pd.Series, int]:
    """Return the periods valued, which units are followed that long (or never start), and how many are not."""
    found = followed(base.starts, base.units.last_idx)
    span = base.starts["unit"].map(found.units.set_index("unit")["n_periods"])
    seen = np.sort(span[span >= 1].to_numpy(float))[::-1]
    if not len(seen):
        return 0, span.isna(), 0
    longest = int(min(seen[int(np.ceil(FOLLOWED * len(seen))) - 1], _YEARS * per_year))
    valued = min(horizon, longest) if horizon else longest
    kept = span.isna() | (span >= valued)
    return valued, kept, int((~kept).sum())


def signed_costs(lines: MoneyLines) -> MoneyLines:
    """Leave out costs that add up to less than nothing: written below zero, they would count as gains."""
    rows, reasons = lines.rows, dict(lines.reasons)
    for column, kind in (("programme_cost", "programme"), ("cost_to_serve", "serve")):
        if rows[column].sum() < 0:
            rows = rows.assign(**{column: np.nan})
            reasons[column] = (
                f"the costs of the kind '{kind}' add up to an amount below zero; write what was spent above zero, and "
                "refunds below"
            )
    return replace(lines, rows=rows, reasons=reasons)


def with_benefit(rows: pd.DataFrame, *, referrals: bool) -> pd.DataFrame:
    """Add what customers bring before the programme's costs: money, referrals, less the cost to serve.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of :class:`coroi.prepare.money_lines.MoneyLines`; what the data do not tell is in no sum.
    referrals : bool
        Whether money of customers whom others brought counts.
    """
    brought = rows["referral"].fillna(0.0) if referrals else 0.0
    return rows.assign(benefit=rows["margin"] + brought - rows["cost_to_serve"].fillna(0.0))


def _check(value: str, allowed: tuple[str, ...], name: str) -> None:
    if value not in allowed:
        raise StudyError(f"{name}: there is no '{value}'. {did_you_mean(value, allowed)}")


def _check_numbers(horizon: int, rate: float, half_life: float, reported: float, early: int, run_out: int) -> None:
    if horizon < 0:
        raise StudyError(f"horizon: {horizon} periods lie before the start. Give 1 or more, or 0 for all that is seen.")
    if rate >= 1:
        raise StudyError(
            f"discount_rate: {rate:g} is {100 * rate:g} % a year. Write a rate as a share: {rate / 100:g} for "
            f"{rate:g} %."
        )
    if rate < 0:
        raise StudyError(
            f"discount_rate: {rate:g} is below zero. Give a share from 0 to below 1, or -1 for the plan's."
        )
    if half_life < 0 or run_out < 0:
        raise StudyError("half_life and run_out: give periods above 0, or 0 for a year.")
    if reported < 0:
        raise StudyError(f"reported_margin: {reported:g} is below zero. Give what the accounts report, or 0 for none.")
    if early < 0:
        raise StudyError(f"early: {early} periods are none. Give 1 or more, or 0 for a quarter of the horizon.")


def _check_assumed(score_change: float, cost_at_start: float, cost_running: float) -> None:
    if score_change < 0:
        raise StudyError(f"score_change: {score_change:g} steps make a score worse. Give steps for the better, or 0.")
    if cost_at_start < 0 or cost_running < 0:
        raise StudyError("cost_at_start and cost_running: an amount below zero is no cost. Give what is spent.")
