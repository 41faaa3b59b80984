"""Survey weights: refused where they cannot be weights, noted where an answer has none."""

from __future__ import annotations

from typing import Any

from coroi.errors import Problem
from coroi.prepare.cleaning.rules import Rule, examples

_WAY_OUT = "A weight is a number of 0 or more. Correct the column, or map another one."


def weight_problems(connection: Any, table: Any, name: str) -> list[Problem]:
    """Return a problem where a weight is negative, or where none is above zero.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Mapped answers; without a column ``weight`` there is no problem.
    name : str
        The table's name.

    Notes
    -----
    One negative weight is enough: it shows that the column holds something else, or was computed wrongly, and leaving
    its answer out would hide that.
    """
    if "weight" not in table.columns:
        return []
    weight = table["weight"]
    below, above = (condition.cast("int64").sum() for condition in (weight < 0, weight > 0))
    seen = connection.to_pandas(table.agg(n=weight.count(), below=below, above=above)).fillna(0).iloc[0]
    n, n_below = int(seen["n"]), int(seen["below"])
    if n_below:
        rows = ", ".join(map(str, examples(connection, table.filter(weight < 0), 3).rows))
        what = f"{n_below:,} of {n:,} survey weights are negative (rows {rows} …)."
        return [Problem(f"{name}.weight", what, _WAY_OUT)]
    if n and not seen["above"]:
        return [Problem(f"{name}.weight", f"all {n:,} survey weights are zero, so no answer counts.", _WAY_OUT)]
    return []


def lacking_weight(connection: Any, table: Any) -> list[Rule]:
    """Match answers without a weight, where others have one."""
    if "weight" not in table.columns or not connection.execute(table["weight"].count()):
        return []
    said = "no survey weight; the answer does not count in what is weighted"
    return [Rule("answer without weight", table["weight"].isnull(), said, "weight")]
