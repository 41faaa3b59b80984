"""Answers reduced in the engine to what means, shares and their clustered errors need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import ibis
import numpy as np

from coroi.errors import DataError
from coroi.inference.totals import Totals

Part = Callable[[Any], Any]
"""From a table of answers to what is averaged, a number an answer."""
MIN_CUSTOMERS = 10
NO_GROUP = ""
TOO_FEW = f"fewer than {MIN_CUSTOMERS} customers answered"
ALL_ALIKE = "every answer is the same, so nothing tells how far the mean may be off"


def sum_by_customer(
    connection: Any,
    answers: Any,
    parts: Mapping[str, Part],
    *,
    by: str | None = None,
    weight: str | None = None,
    customer: str = "customer_id",
) -> Totals:
    """Sum answers by customer, and customers' products.

    Parameters
    ----------
    connection : Session
        Where the answers live.
    answers : ibis.Table
        One row an answer.
    parts : mapping of str to callable
        What is averaged, by name; an answer without one of them is left out.
    by : str, optional
        Column that tells groups (waves, items) apart; they are ordered by its values.
    weight : str, optional
        Column of survey weights; 1 by default.
    customer : str
        Column of the customer.

    Returns
    -------
    Totals
        No larger than the groups and parts, however many customers there are.

    Raises
    ------
    DataError
        If a weight is missing, negative or infinite, or an answer has no customer or group.
    """
    rows = answers.mutate(
        _who=answers[customer],
        _group=ibis.literal(NO_GROUP) if by is None else answers[by],
        _w=ibis.literal(1.0) if weight is None else answers[weight].cast("float64"),
        **{f"_p{i}": part(answers).cast("float64") for i, part in enumerate(parts.values())},
    )
    rows = rows.filter(*(rows[f"_p{i}"].notnull() for i in range(len(parts))))
    _refuse(connection, rows)
    names = ["_t0", *(f"_t{i + 1}" for i in range(len(parts)))]
    columns = [rows["_w"], *(rows["_w"] * rows[f"_p{i}"] for i in range(len(parts)))]
    sums = {name: column.sum() for name, column in zip(names, columns, strict=True)}
    each = rows.group_by("_who", "_group").agg(_n=rows.count(), **sums)
    total = each.group_by("_group").agg(
        n=each["_n"].sum(), people=each.count(), **{name: each[name].sum() for name in names}
    )
    frame = connection.to_pandas(total.order_by("_group"))
    place = {group: i for i, group in enumerate(frame["_group"])}
    return Totals(
        groups=tuple(str(group) for group in frame["_group"]),
        parts=tuple(parts),
        sums=frame[names].to_numpy(float).reshape(len(frame), len(names)),
        cross=_cross(connection, each, names, place),
        n_obs=frame["n"].to_numpy(int),
        n_clusters=frame["people"].to_numpy(int),
        n_all=int(connection.execute(each["_who"].nunique())),
    )


def _cross(connection: Any, each: Any, names: list[str], place: Mapping[Any, int]) -> np.ndarray:
    """Sum the products of each customer's totals, shape (k, m + 1, k, m + 1)."""
    other = each.rename(_other="_group", **{f"{name}_o": name for name in names}).drop("_n")
    pairs = each.join(other, "_who")
    products = {
        f"x{i}_{j}": (pairs[one] * pairs[f"{two}_o"]).sum()
        for (i, one), (j, two) in product(enumerate(names), enumerate(names))
    }
    frame = connection.to_pandas(pairs.group_by("_group", "_other").agg(**products))
    cross = np.zeros((len(place), len(names), len(place), len(names)))
    for row in frame.to_dict("records"):
        at, beside = place[row["_group"]], place[row["_other"]]
        for i, j in product(range(len(names)), repeat=2):
            cross[at, i, beside, j] = row[f"x{i}_{j}"]
    return cross


def _refuse(connection: Any, rows: Any) -> None:
    bad = (rows["_w"].isnull() | rows["_w"].isnan() | rows["_w"].isinf() | (rows["_w"] < 0)).cast("int64")
    lost = (rows["_who"].isnull() | rows["_group"].isnull()).cast("int64")
    found = connection.to_pandas(rows.agg(bad=bad.sum(), lost=lost.sum())).fillna(0).iloc[0]
    if found["bad"]:
        raise DataError(
            f"{int(found['bad']):,} survey weights are missing, negative or infinite. Weights are numbers of 0 or more."
        )
    if found["lost"]:
        raise DataError(f"{int(found['lost']):,} answers have no customer or no group. Leave them out, and say so.")


def hindrance_of(totals: Totals, group: int) -> str:
    """Say why nothing can be said of a group; empty where something can."""
    if totals.n_clusters[group] < MIN_CUSTOMERS:
        return TOO_FEW
    return "" if totals.sums[group, 0] > 0 else "all its weights are zero"
