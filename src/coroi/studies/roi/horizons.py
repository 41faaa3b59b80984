"""The tables of the study `roi` by horizon and discount rate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from coroi import report
from coroi.report.sentences import level_of, stop
from coroi.report.words import percent, plural
from coroi.results import Result
from coroi.roi.valley import Span
from coroi.studies.roi.amounts import LATER, in_short, ratio, share, sure, worth_words
from coroi.studies.roi.question import Question
from coroi.studies.roi.valued import Valued


def grid_table(question: Question, result: Result, valued: Valued | None) -> report.Block:
    """Show the value by horizon and discount rate, and the break-even horizon by rate."""
    if valued is None:
        return report.prose("There is no table: nothing could be valued.")
    horizons = sorted(valued.grid["horizon"].unique())
    rows = []
    for rate, own in valued.grid.groupby("rate_annual"):
        row: dict[str, str] = {"Discount rate": percent(float(rate), 0 if round(100 * float(rate), 6) % 1 == 0 else 1)}
        by = own.set_index("horizon")
        row |= {plural(int(h), question.frequency): sure(question, by.loc[h].to_dict()) for h in horizons}
        at = valued.horizons[np.isclose(valued.horizons["rate_annual"], float(rate))].iloc[0]
        if not question.cost_reason:
            even = Span(estimate=at["estimate"], low=at["earliest"], high=at["latest"])
            row["Breaks even in"] = in_short(question, even)
        rows.append(row)
    later = (
        "" if question.cost_reason else f"; breaking even by the band, for good ({LATER}: not within {question.span})"
    )
    note = (
        f"{worth_words(question)} per customer with its {level_of(result)} interval and the one-sided confidence that "
        f"it is above zero{later}."
    )
    return report.table(pd.DataFrame(rows), caption="By horizon and discount rate", name="value_grid", note=note)


def horizon_table(question: Question, result: Result, valued: Valued | None) -> report.Block:
    """Show what return and internal rate would be, were one to look no further than each horizon."""
    if valued is None:
        return report.prose("There is no table: nothing could be valued.")
    if question.cost_reason:
        return report.prose(f"There is neither a return nor an internal rate: {stop(question.cost_reason)}")
    rows = []
    for horizon, own in valued.by_horizon.groupby("horizon"):
        by = own.set_index("term")
        row = {"Horizon": plural(int(horizon), question.frequency)}
        row["Net present value"] = sure(question, by.loc["net_present_value"].to_dict())
        if "return_on_costs" in by.index:
            own_ratio = by.loc["return_on_costs"].to_dict()
            row["Net return on each unit of cost"] = (
                ratio(own_ratio) if own_ratio["identified"] else str(own_ratio["reason"])
            )
        row["Internal rate a year"] = _rate(by.loc["internal_rate"].to_dict())
        rows.append(row)
    note = (
        f"At {question.rate_words}; {level_of(result)} intervals, and the one-sided confidence that it is above zero."
    )
    return report.table(pd.DataFrame(rows), caption="Were one to look no further", name="by_horizon", note=note)


def _rate(row: dict) -> str:
    told = percent(row["estimate"], 0) if row["identified"] else str(row["reason"]).split(":")[0]
    low, high = float(row["conf_low"]), float(row["conf_high"])
    if low != low:
        return told
    if math.isinf(low) and math.isinf(high):
        return f"{told} (no rate is ruled out)"
    return f"{told} ({share(low)} to {share(high)})"
