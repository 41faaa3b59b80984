"""The published form of the question: log value on log satisfaction, within firms and periods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi import report
from coroi.models.fixed_effects import fit_fixed_effects
from coroi.report.sentences import level_of
from coroi.report.words import interval, number
from coroi.results import Result
from coroi.studies.firms.panel import FirmPanel

_KINDS = {"two_way": "Within firms, periods taken out", "pooled": "All rows alike, nothing taken out"}


def fit_elasticity(panel: FirmPanel, level: float) -> Result | None:
    """Regress the log of value on the log of satisfaction of the same period, firm and period effects swept out.

    Parameters
    ----------
    panel : FirmPanel
        The firms.
    level : float
        Level of the intervals.

    Returns
    -------
    Result or None
        Term ``log_satisfaction``: per cent of value that one per cent of satisfaction goes with; by ``estimator``,
        ``two_way`` and ``pooled``. Nothing where no firm has both above zero.

    Notes
    -----
    Assumption, which the path does not need: value answers to satisfaction of its own period and to none before, and
    satisfaction to no value at any time (untestable; the arrow beside it). Reference: Fornell, Mithas, Morgeson and
    Krishnan (2006), Journal of Marketing 70:3-14.
    """
    logs = {name: _log(panel.frame[column]) for name, column in _LOGS.items()}
    frame = panel.frame[["entity", "period"]].assign(**logs)
    if not frame.notna().all(axis=1).any():
        return None
    return fit_fixed_effects(
        frame, outcome="log_value", metric="log_satisfaction", estimators=("two_way", "pooled"), level=level
    )


_LOGS = {"log_value": "market_value", "log_satisfaction": "satisfaction"}


def elasticity_words(result: Result | None) -> str:
    """Say in one sentence what one per cent more satisfaction goes with, as it is published."""
    if result is None:
        return "An elasticity, the published form, cannot be told: no firm has a market value and satisfaction."
    row = _rows(result).loc["two_way"]
    if not row["identified"]:
        return f"An elasticity, the published form, cannot be told: {row['reason']}."
    size = abs(float(row["estimate"]))
    return (
        "In the published form, logs on logs with firms and periods taken out, 1\u00a0% more satisfaction goes with "
        f"{number(size, 2)}\u00a0% {'more' if row['estimate'] > 0 else 'less'} value in the same period "
        f"({level_of(result)} interval {interval(row['conf_low'], row['conf_high'], decimals=2)}\u00a0%)."
    )


def elasticity_table(result: Result | None) -> report.Block:
    """Show the elasticity of value, within firms and with all rows alike."""
    if result is None:
        return report.prose("There is no table of elasticities: no firm has a market value and satisfaction.")
    rows = _rows(result)
    frame = pd.DataFrame(
        {
            "Log value on log satisfaction": [_KINDS[name] for name in rows.index],
            f"% of value per % of satisfaction ({level_of(result)} interval)": [
                _cell(row) for _, row in rows.iterrows()
            ],
        }
    )
    note = (
        f"{result.n_obs} rows of {result.n_entities} firms; errors by firm. Both sides are of one period: what came of "
        "earlier satisfaction, and what value did to satisfaction, are in it."
    )
    return report.table(frame, caption="Elasticity of market value, as it is published", name="elasticity", note=note)


def _rows(result: Result) -> pd.DataFrame:
    rows = result.estimates
    return rows[(rows["term"] == "log_satisfaction") & (rows["errors"] == "cluster")].set_index("estimator")


def _cell(row: pd.Series) -> str:
    if not row["identified"]:
        return f"not estimable: {row['reason']}"
    return f"{number(row['estimate'], 2)} ({interval(row['conf_low'], row['conf_high'], decimals=2)})"


def _log(values: pd.Series) -> np.ndarray:
    numbers = values.to_numpy(float)
    return np.log(np.where(numbers > 0, numbers, np.nan))
