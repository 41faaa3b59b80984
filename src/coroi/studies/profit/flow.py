"""Who is in the cohort of the study `profit` and who is not, as far as counts may be shown."""

from __future__ import annotations

import pandas as pd

from coroi.report.privacy import kept_counts
from coroi.studies.profit.question import Question
from coroi.studies.small_cells import Cells


def published_flow(question: Question) -> pd.DataFrame:
    """Return who is in and who is not, counts of few customers missing, with the mark of each count.

    Parameters
    ----------
    question : Question
        As declared.

    Returns
    -------
    pandas.DataFrame
        ``step, customers, customers_mark``.
    """
    flow = question.cohort.flow
    if flow.empty:
        return flow.assign(customers_mark=pd.Series(dtype="int64"))
    cells: Cells[str] = Cells()
    named = [str(step) for step in flow["step"]]
    parts = [cells.add(step, abs(int(n))) for step, n in zip(named[1:], flow["customers"].iloc[1:], strict=True)]
    cells.add_sum(parts, named[0])
    by_step = cells.marks(question.smallest_cell)
    marks = [by_step[step] for step in named]
    return flow.assign(customers=kept_counts(flow["customers"], marks), customers_mark=marks)
