"""What the lines of money come to: value, payback, the valley, the ledger, and what knowing more would be worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from coroi.errors import CoroiError
from coroi.inference.estimates import wald
from coroi.roi.break_even import break_even_factor
from coroi.roi.flows import Line
from coroi.roi.horizons import figures_by_horizon
from coroi.roi.information import value_of_information
from coroi.roi.irr import InternalRate, internal_rate
from coroi.roi.paths import mapped
from coroi.roi.payback import Payback, break_even_horizons, payback, payback_dates
from coroi.roi.present_value import discount_factors, present_value, return_on_investment, value_by_line, value_grid
from coroi.roi.run_out import extension_grid
from coroi.roi.tornado import Assumed, reweighted, scaled, tornado
from coroi.roi.valley import DipTest, Forgone, Valley, dip_test, forgone, valley
from coroi.studies.roi.parts import PROGRAMME, Parts
from coroi.studies.roi.question import RATES, Question

COSTS_OFF = 0.2
"""Share by which costs are varied in the tornado."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valued:
    """What the flows come to, per customer, at the plan's discount rate unless it is said otherwise.

    Parameters
    ----------
    line : Line
        All lines together by period.
    value, gain : Mapping
        Net present value, and that of the benefits alone; columns of an estimate and ``confidence``.
    by_line, grid, by_horizon, horizons, run_out, swings : pandas.DataFrame
        Value by line; by rate and horizon; with return and internal rate by horizon; break-even horizon by rate; under
        assumptions on the time after; and with one input at a time at the ends of its range.
    quarter : Mapping or None
        Net present value within the first quarter of a year; none where periods do not set one apart.
    early, late : Mapping
        Money a period in the first periods, and in those after them.
    ratio, factor : Mapping
        Value over costs; and the factor on the benefits at which nothing is left.
    rate : InternalRate
    payback : Payback
    dates : tuple of date or None
        Last day of the period in which it is paid back, for who starts first: estimate, earliest, latest.
    valley, dip, forgone
        Of the sum of money since the start, discounted like all else.
    information : pandas.DataFrame or None
        What knowing more would be worth for all customers; none with too few units.
    """

    line: Line
    value: Mapping[str, Any]
    gain: Mapping[str, Any]
    by_line: pd.DataFrame
    grid: pd.DataFrame
    by_horizon: pd.DataFrame
    horizons: pd.DataFrame
    run_out: pd.DataFrame
    swings: pd.DataFrame
    quarter: Mapping[str, Any] | None
    early: Mapping[str, Any]
    late: Mapping[str, Any]
    ratio: Mapping[str, Any] | None
    factor: Mapping[str, Any] | None
    rate: InternalRate
    payback: Payback
    dates: tuple[date | None, date | None, date | None]
    valley: Valley
    dip: DipTest
    forgone: Forgone
    information: pd.DataFrame | None


def value(question: Question, parts: Parts, *, seed: int = 1, level: float | None = None) -> Valued | None:
    """Work out what the lines come to.

    Parameters
    ----------
    question, parts
        What was asked, and the lines.
    seed : int
        Of the joint draws.
    level : float, optional
        Of the intervals; that of the parts by default.

    Returns
    -------
    Valued or None
        None where there are no lines.
    """
    if parts.flows is None:
        return None
    flows, total = parts.flows, parts.flows.total
    at: Any = {"rate_annual": question.rate, "per_year": question.per_year, "level": level or parts.level}
    by: Any = {"per_year": question.per_year, "level": level or parts.level}
    worth = mapped(total, np.diag(question.factors), total.name)
    benefits = flows.weighted(np.array([float(n != PROGRAMME) for n in flows.names]), "benefits")
    found = payback(total, **at)
    after = run_out_of(question, parts, level or parts.level)
    return Valued(
        line=total,
        value=present_value(total, **at),
        gain=present_value(benefits, **at),
        by_line=value_by_line(flows, **at),
        grid=value_grid(total, rates=_rates(question), horizons=_horizons(question), **by),
        by_horizon=figures_by_horizon(
            flows,
            horizons=_horizons(question),
            costs=(PROGRAMME,) if PROGRAMME in flows.names else (),
            **at,
        ),
        horizons=break_even_horizons(total, rates=_rates(question), **by),
        run_out=after,
        swings=tornado(flows, question.factors, level=level or parts.level, assumed=_assumed(question, parts, after)),
        quarter=present_value(total, horizon=question.quarter, **at) if question.has_quarter else None,
        early=mean_of(total, 0, question.early, level or parts.level),
        late=mean_of(total, question.early, question.horizon, level or parts.level),
        ratio=return_on_investment(flows, costs=(PROGRAMME,), **at) if PROGRAMME in flows.names else None,
        factor=break_even_factor(flows, benefits=parts.benefits, **at) if PROGRAMME in flows.names else None,
        rate=internal_rate(total, **by),
        payback=found,
        dates=payback_dates(found, date.fromisoformat(flows.periods[0]), question.frequency),  # type: ignore[arg-type]
        valley=valley(total, **at),
        dip=dip_test(worth),
        forgone=forgone(total, **at),
        information=_information(question, parts, seed),
    )


def mean_of(line: Line, first: int, until: int, level: float) -> dict[str, Any]:
    """Return a line's mean money a period over some of its periods, with its interval.

    Parameters
    ----------
    line : Line
    first, until : int
        First period, and the one after the last.
    level : float
    """
    weights = np.zeros(len(line.estimate))
    weights[first:until] = 1 / max(until - first, 1)
    mean = mapped(line, weights[None, :], line.name)
    error = float(np.sqrt(max(mean.covariance[0, 0], 0.0)))
    return wald(float(mean.estimate[0]), error, level, None if np.isinf(line.df) else line.df)


def run_out_of(question: Question, parts: Parts, level: float) -> pd.DataFrame:
    """Return the value under each assumption on the time after the horizon; costs go on as they last were."""
    assert parts.flows is not None
    lives = sorted({question.half_life / 2, question.half_life, 2 * question.half_life})
    return extension_grid(
        parts.flows,
        n_periods=[question.run_out] if question.horizon > 1 else [],
        half_lives=lives,
        rate_annual=question.rate,
        per_year=question.per_year,
        costs=(PROGRAMME,) if PROGRAMME in parts.flows.names else (),
        # what is paid once, at the start, does not go on
        last=max(min(3, question.horizon - 1), 1),
        level=level,
    )


def _assumed(question: Question, parts: Parts, after: pd.DataFrame) -> list[Assumed]:
    assert parts.flows is not None
    flows, n = parts.flows, question.horizon
    ends = [discount_factors(rate, n, question.per_year) for rate in (RATES[0], RATES[-1])]
    found = [
        reweighted(flows, name="discount rate", low=RATES[0], high=RATES[-1], weights_low=ends[0], weights_high=ends[1])
    ]
    if PROGRAMME in flows.names:
        found.append(scaled(flows, question.factors, (PROGRAMME,), name="costs of the programme", by=COSTS_OFF))
    none = float(after["estimate"].iloc[0])
    for stays in after.loc[after["how"] == "stays", "estimate"]:
        found.append(
            Assumed(
                name="time after the horizon",
                low=0.0,
                high=float(question.run_out),
                npv_low=none,
                npv_high=float(stays),
            )
        )
    return found


def _rates(question: Question) -> tuple[float, ...]:
    return tuple(sorted({*RATES, question.rate}))


def _horizons(question: Question) -> tuple[int, ...]:
    """Return horizons at each quarter of the whole."""
    n = question.horizon
    return tuple(sorted({max(round(n * part), 1) for part in (0.25, 0.5, 0.75, 1.0)}))


def _information(question: Question, parts: Parts, seed: int) -> pd.DataFrame | None:
    if question.cost_reason or parts.flows is None:
        return None
    try:
        return value_of_information(
            parts.flows, question.factors, seed=seed, customers=float(max(question.n_customers, 1))
        )
    except CoroiError:
        return None
