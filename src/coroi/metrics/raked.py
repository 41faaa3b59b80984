"""Answers raked to known shares, and what is averaged of them, so that any score's error holds what raking does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.raking import rake_cells
from coroi.metrics.totals import MIN_CUSTOMERS, Part

RAKED = "_raked"  # column of the weights
FEW_OF_A_LEVEL = f"of a level with a share, fewer than {MIN_CUSTOMERS} customers answered"
NO_WEIGHTS = "no weights meet all known shares together"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RakedAnswers:
    """Answers with their weights, or the reason why there are none.

    Parameters
    ----------
    table : ibis.Table or None
        Answers of the levels that have a share, their weights in the column ``RAKED``.
    parts : mapping of str to callable
        What :func:`coroi.metrics.totals.sum_by_customer` is to average of them.
    reason : str
        Empty where they could be raked.
    """

    table: Any | None = None
    parts: Mapping[str, Part]
    reason: str = ""


def rake_answers(
    connection: Any,
    answers: Any,
    parts: Mapping[str, Part],
    margins: Mapping[str, Mapping[str, float]],
    *,
    weight: str | None = None,
    customer: str = "customer_id",
) -> RakedAnswers:
    """Rake answers to known shares.

    Parameters
    ----------
    connection : Session
        Where the answers live.
    answers : ibis.Table
        One row an answer, with a column for each margin; an answer of a level without a share is left out.
    parts : mapping of str to callable
        What is to be averaged, by name.
    margins : mapping of str to mapping of str to float
        By column, each level's known share of everybody.
    weight : str, optional
        Column of weights to start from; 1 by default.
    customer : str
        Column of the customer.

    Returns
    -------
    RakedAnswers
        Without answers where a level that has a share has fewer than 10 customers, or no weights meet all shares.

    Notes
    -----
    Weights depend on levels alone, so that sums by combination of levels are all that is read. From each part, what
    the margins explain of it beyond its mean is taken off: the raked mean stays what it is, and what is left of an
    answer is its influence on that mean, so that errors clustered by customer are those of a mean raked anew in every
    sample. Assumptions: shares are known without error (untestable); within the margins' cells those who answered
    speak for the silent (untestable). See :func:`coroi.inference.raking.rake_cells`.
    """
    columns, names = list(margins), list(parts)
    rows = answers.mutate(
        _d=ibis.literal(1.0) if weight is None else answers[weight].cast("float64"),
        **{f"_y{i}": parts[name](answers).cast("float64") for i, name in enumerate(names)},
    )
    for column, shares in margins.items():
        rows = rows.filter(rows[column].isin(list(shares)))
    sums = {f"_y{i}": (rows["_d"] * rows[f"_y{i}"]).sum() for i in range(len(names))}
    counted = rows.group_by(columns).agg(_d=rows["_d"].sum(), _people=rows[customer].nunique(), **sums)
    cells = connection.to_pandas(counted.order_by(columns))
    if _few_of_a_level(cells, margins):
        return RakedAnswers(parts=parts, reason=FEW_OF_A_LEVEL)
    try:
        raked = rake_cells(
            cells[columns],
            margins,
            weight=cells["_d"].to_numpy(float),
            sums=cells[list(sums)].to_numpy(float),
        )
    except DataError:
        return RakedAnswers(parts=parts, reason=NO_WEIGHTS)
    told = cells[columns].assign(_factor=raked.factors, **_by_name(raked.explained))
    joined = rows.inner_join(ibis.memtable(told), columns)
    left = {name: _less_explained(i) for i, name in enumerate(names)}
    return RakedAnswers(table=joined.mutate(**{RAKED: joined["_d"] * joined["_factor"]}), parts=left)


def _few_of_a_level(cells: pd.DataFrame, margins: Mapping[str, Mapping[str, float]]) -> bool:
    """Tell whether few customers answered of a level that is part of everybody."""
    used = cells[cells["_d"] > 0]
    return any(
        used.loc[used[column] == level, "_people"].sum() < MIN_CUSTOMERS
        for column, shares in margins.items()
        for level, share in shares.items()
        if share > 0
    )


def _by_name(explained: np.ndarray) -> dict[str, np.ndarray]:
    return {f"_e{i}": explained[:, i] for i in range(explained.shape[1])}


def _less_explained(part: int) -> Part:
    return lambda table: table[f"_y{part}"] - table[f"_e{part}"]
