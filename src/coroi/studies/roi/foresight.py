"""What the study `roi` forecasts, and what it observes of what was forecast: money and exits of the units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.forecasts import forecast_series
from coroi.prepare.calendar import first_day
from coroi.schemas import PERIODS_PER_YEAR
from coroi.studies.predictions import COLUMNS as PREDICTED
from coroi.studies.predictions import prediction_rows
from coroi.studies.roi.amounts import day_words
from coroi.studies.roi.question import Question

AHEAD = 6
_COLUMNS = ("name", "label", "period", "observed", "customers")


def observed(question: Question) -> pd.DataFrame:
    """Return what was observed of every series that is forecast, by period.

    Parameters
    ----------
    question : Question

    Returns
    -------
    pandas.DataFrame
        ``name, label, period, observed, customers``: money of everybody in the followed units per customer of the
        cohort, and the share of customers who leave.
    """
    frames = [frame for frame in (_money(question), _exits(question)) if frame is not None]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(_COLUMNS))


def predictions(question: Question, level: float) -> pd.DataFrame:
    """Return forecasts of every observed series, some periods ahead; no row where there is none to make.

    Parameters
    ----------
    question : Question
    level : float
        Level of the prediction intervals.
    """
    seen = observed(question)
    found = []
    for (name, label), own in seen.groupby(["name", "label"], sort=False):
        share = name == "exit_rate"
        values = own.sort_values("period")
        made = forecast_series(
            values["observed"].to_numpy(float),
            range(1, AHEAD + 1),
            level=level,
            season=round(PERIODS_PER_YEAR[question.frequency]),
            bounds=(0.0, 1.0) if share else (-np.inf, np.inf),
        )
        rows = prediction_rows(
            made,
            name=str(name),
            label=str(label),
            unit="share" if share else question.currency,
            last_period=pd.Timestamp(values["period"].iloc[-1]).date(),
            frequency=question.frequency,  # type: ignore[arg-type]
        )
        found.append(rows.assign(customers=int(values["customers"].iloc[-1])))
    kept = [rows for rows in found if len(rows)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=list(PREDICTED))


def _money(question: Question) -> pd.DataFrame | None:
    if question.lines is None or question.programme is None:
        return None
    rows = question.lines.rows.dropna(subset=["everyone"])
    size = question.programme.units.units.set_index("unit")["n_customers"]
    weight = rows["unit"].map(size)
    sums = (rows["everyone"] * weight).groupby(rows["period"]).sum() / weight.groupby(rows["period"]).sum()
    told = question.lines.money
    label = f"{told} of everybody in the units, per customer there {_whose(question)}, {question.currency}"
    return _frame("money_per_customer", label, sums, int(size.sum()), question)


def _whose(question: Question) -> str:
    """Write which cohort a series is of: another date or practice makes it another series."""
    assert question.programme is not None
    day = first_day(question.programme.units.start_idx, question.frequency)  # type: ignore[arg-type]
    return f"on {day_words(day)}, before the first start of {question.named}"


def _exits(question: Question) -> pd.DataFrame | None:
    if question.programme is None:
        return None
    rows = question.programme.units.rows.dropna(subset=["exit_rate"])
    if rows.empty:
        return None
    at_risk = rows["n_at_risk"].groupby(rows["period"]).sum()
    rate = (rows["exit_rate"] * rows["n_at_risk"]).groupby(rows["period"]).sum() / at_risk.where(at_risk > 0)
    label = f"share who leave of the units' customers {_whose(question)}"
    return _frame("exit_rate", label, rate.dropna(), int(at_risk.min()), question)


def _frame(name: str, label: str, series: pd.Series, customers: int, question: Question) -> pd.DataFrame | None:
    """Return a series; none where so few customers are behind a period of it that they could be named."""
    if customers < question.smallest_cell:
        return None
    days = [first_day(int(p), question.frequency).isoformat() for p in series.index]  # type: ignore[arg-type]
    return pd.DataFrame(
        {"name": name, "label": label, "period": days, "observed": series.to_numpy(float), "customers": customers}
    )
