"""What weights cost: how many answers of equal weight would tell as much, and who counts most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSpread:
    """How unevenly answers count.

    Parameters
    ----------
    effective_share : float
        Answers of equal weight that would tell as much (Kish), as a share of the answers.
    largest_share : float
        Share of the weight that the customer who counts most carries.
    """

    effective_share: float
    largest_share: float


def spread_of_weights(
    connection: Any, answers: Any, weight: str, *, customer: str = "customer_id"
) -> WeightSpread | None:
    """Tell how unevenly answers count.

    Parameters
    ----------
    connection : Session
        Where the answers live.
    answers : ibis.Table
        One row an answer.
    weight : str
        Column of weights, 0 or more.
    customer : str
        Column of the customer.

    Returns
    -------
    WeightSpread or None
        ``None`` where no answer has weight.

    Notes
    -----
    Reference: Kish (1965), Survey Sampling, section 11.7.
    """
    w = answers[weight].cast("float64")
    each = answers.mutate(_w=w, _square=w * w).group_by(customer)
    people = each.agg(n=lambda t: t.count(), total=lambda t: t["_w"].sum(), squares=lambda t: t["_square"].sum())
    asked = people.agg(
        n=people["n"].sum(), total=people["total"].sum(), squares=people["squares"].sum(), most=people["total"].max()
    )
    seen = connection.to_pandas(asked).fillna(0).iloc[0]
    if not seen["total"] > 0:
        return None
    return WeightSpread(
        effective_share=float(seen["total"] ** 2 / seen["squares"] / seen["n"]),
        largest_share=float(seen["most"] / seen["total"]),
    )
