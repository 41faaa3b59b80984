"""Who is in a cohort and who is not, as far as counts of customers may be shown."""

from __future__ import annotations

import pandas as pd

from coroi import report
from coroi.report.privacy import kept_counts, shown_counts, suppressed_words
from coroi.studies.small_cells import Cells


def published_flow(flow: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """Return who is in and who is not, counts of few customers missing, with the mark of each count.

    Parameters
    ----------
    flow : pandas.DataFrame
        ``step`` and ``customers``: the first is the sum of the others.
    smallest : int
        Smallest count of customers that may be shown.

    Returns
    -------
    pandas.DataFrame
        ``step, customers, customers_mark``.
    """
    if flow.empty:
        return flow.assign(customers_mark=pd.Series(dtype="int64"))
    cells: Cells[str] = Cells()
    named = [str(step) for step in flow["step"]]
    parts = [cells.add(step, abs(int(n))) for step, n in zip(named[1:], flow["customers"].iloc[1:], strict=True)]
    cells.add_sum(parts, named[0])
    by_step = cells.marks(smallest)
    marks = [by_step[step] for step in named]
    return flow.assign(customers=kept_counts(flow["customers"], marks), customers_mark=marks)


def flow_table(flow: pd.DataFrame, published: pd.DataFrame, smallest: int, *, reason: str) -> report.Block:
    """Show who is in and who is not.

    Parameters
    ----------
    flow, published : pandas.DataFrame
        The counts, and what :func:`published_flow` makes of them.
    smallest : int
        Smallest count of customers that may be shown.
    reason : str
        Why nobody was followed, where there is no flow.
    """
    if published.empty:
        return report.prose(f"Nobody was followed: {reason}.")
    marks = [int(m) for m in published["customers_mark"]]
    shown = shown_counts(flow["customers"], marks, smallest)
    frame = pd.DataFrame({"Step": published["step"], "Customers": shown})
    words = suppressed_words(marks, smallest)
    return report.table(frame, caption="Who was followed, and who was not", name="cohort", note=words)
