"""What is known of units from before the first start: the measure of what an unknown cause would have to be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.omitted import Regression, regress
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.programme.question import Question, frame_of


def units_regression(question: Question, outcome: Outcome) -> Regression:
    """Compare units' changes from before the first start to after the last one, beside what they were before.

    Parameters
    ----------
    question : Question
    outcome : Outcome

    Returns
    -------
    Regression
        Of the change on taking part, with what is known of units as benchmarks.
    """
    rows = frame_of(question, outcome.name, whole=True)
    starts = rows.groupby("entity")["first_treated"].first()
    first, last = starts.min(), starts.max()
    before, after = rows[rows["period"] < first], rows[rows["period"] >= last]
    change = after.groupby("entity")["outcome"].mean() - before.groupby("entity")["outcome"].mean()
    change = change.dropna()
    units = question.units.rows[question.units.rows["period"] < first].groupby("unit")
    known = {
        "how it scored before": units["score"].mean(),
        "how many left before": units["exit_rate"].mean(),
        "its size": np.log(question.units.units.set_index("unit")["n_customers"].astype(float)),
    }
    beside = pd.DataFrame(known).reindex(change.index)
    beside = beside.loc[:, beside.notna().all() & (beside.std() > 0)]
    treated = starts.reindex(change.index).notna().to_numpy(float)
    columns = np.column_stack([np.ones(len(change)), beside.to_numpy(float)])
    named = {str(name): np.array([i + 1]) for i, name in enumerate(beside.columns)}
    if len(change) < columns.shape[1] + 4 or treated.min() == treated.max():
        return regress(change.to_numpy(float), np.zeros(len(change)), columns, {})
    return regress(change.to_numpy(float), treated, columns, named)


def known_ratio(question: Question) -> float | None:
    """Return by what factor exit rates of units that scored low and high before the first start were apart."""
    rows = question.units.rows
    before = rows[rows["period"] < question.starts["first_treated"].min()].groupby("unit")
    known = pd.DataFrame({"score": before["score"].mean(), "rate": before["exit_rate"].mean()}).dropna()
    if len(known) < 4:
        return None
    low = known["score"] < known["score"].median()
    rates = known.loc[low, "rate"].mean(), known.loc[~low, "rate"].mean()
    return float(max(rates) / min(rates)) if min(rates) > 0 else None
