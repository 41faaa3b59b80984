"""What a programme may move: the score, who leaves, the money of a fixed cohort, and what it takes to serve it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from coroi.prepare.unit_panel import UnitPanel
from coroi.report.words import percent
from coroi.studies.inputs import metric_label
from coroi.studies.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that a programme may move.

    Parameters
    ----------
    name : str
        ``money``, ``exits``, ``score`` or ``cost_to_serve``.
    label : str
        Its name within a sentence: "contribution margin per customer".
    kind : str
        How its numbers are written: ``money``, ``share`` or ``points``.
    sign : float
        1 where more is what a programme promises, -1 where less is.
    delta : float
        Smallest effect that matters, per period, in the outcome's unit; 0 where there is no data to tell it.
    per : str
        What the smallest effect is, in words: "1.0 % of what a customer brings".
    mean : float
        Mean per unit and period before any start, units weighted by their customers.
    reason : str
        Why nothing can be told of it; empty where something may.
    """

    name: str
    label: str
    kind: str
    sign: float
    delta: float
    per: str
    mean: float
    reason: str = ""


def outcomes_of(
    units: UnitPanel, plan: Plan, metric: str, horizon: int, first_start: int | None
) -> tuple[Outcome, ...]:
    """Return every outcome that the data tell, with the smallest effect that matters, before anything is fitted.

    Parameters
    ----------
    units : UnitPanel
        Units by period.
    plan : Plan
        The plan.
    metric : str
        One of its metrics; empty where it has none.
    horizon : int
        Periods that effects are averaged over.
    first_start : int or None
        Number of the period in which the first unit starts.

    Notes
    -----
    An effect on who leaves matters if, lasting over the horizon, it adds up to the plan's smallest effect on retention;
    on money and on the cost to serve, if it is that share of what a customer brings or takes; on a score, that share of
    the width of its scale.
    """
    share, rows = plan.smallest_effect, units.rows
    part = percent(share, 1)
    early = rows[rows["period"] < first_start] if first_start is not None else rows
    money, called = _money(rows)
    found = []
    if money:
        mean = _mean(early.assign(money=value_of(rows, "money")), units, "money")
        label = f"{called} per customer"
        found.append(
            _outcome("money", label, "money", 1.0, share * abs(mean), f"{part} of what a customer brings", mean)
        )
    mean = _mean(early, units, "exit_rate")
    said = "the share of customers who leave"
    found.append(_outcome("exits", said, "share", -1.0, share / horizon, f"{part} of customers over the horizon", mean))
    if metric:
        spec = plan.metrics[metric]
        width, sign = float(spec.scale[1] - spec.scale[0]), 1.0 if spec.higher_is == "better" else -1.0
        name = f"mean {metric_label(plan, metric)}"
        mean = _mean(early, units, "score")
        found.append(_outcome("score", name, "points", sign, share * width, f"{part} of the width of the scale", mean))
    if rows["cost_to_serve"].notna().any():
        mean, label = _mean(early, units, "cost_to_serve"), "cost to serve per customer"
        told = _outcome(
            "cost_to_serve", label, "money", -1.0, share * abs(mean), f"{part} of what serving a customer takes", mean
        )
        found.append(told)
    return tuple(found)


def value_of(rows: pd.DataFrame, name: str) -> pd.Series:
    """Return an outcome's value in each row of units by period.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of a :class:`coroi.prepare.unit_panel.UnitPanel`.
    name : str
        Name of the outcome.
    """
    if name == "money":
        column, _ = _money(rows)
        if column == "margin" and rows["cost_to_serve"].notna().any():
            return rows["margin"] - rows["cost_to_serve"]
        return rows[column]
    return rows[{"exits": "exit_rate"}.get(name, name)]


def _money(rows: pd.DataFrame) -> tuple[str, str]:
    told = [c for c in ("margin", "revenue") if rows[c].notna().any()]
    if not told:
        return "", ""
    if told[0] == "margin" and rows["cost_to_serve"].notna().any():
        return "margin", "contribution margin after cost to serve"
    return told[0], {"margin": "contribution margin", "revenue": "revenue"}[told[0]]


def _mean(rows: pd.DataFrame, units: UnitPanel, column: str) -> float:
    """Average over units and periods, units weighted by their customers."""
    weight = rows["unit"].map(units.units.set_index("unit")["n_customers"])
    known = rows[column].notna()
    return float((rows[column] * weight)[known].sum() / weight[known].sum()) if known.any() else float("nan")


def _outcome(name: str, label: str, kind: str, sign: float, delta: float, per: str, mean: float) -> Outcome:
    """Say why an outcome tells nothing where it does not."""
    reason = ""
    if mean != mean:  # NaN
        reason = f"nothing is known of {label} from before the first start"
    elif not delta > 0:
        reason = f"{label} is zero before the first start, so that no effect can be set beside it"
    return Outcome(name=name, label=label, kind=kind, sign=sign, delta=delta, per=per, mean=mean, reason=reason)
