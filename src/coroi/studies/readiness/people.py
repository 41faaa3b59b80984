"""Who answers: customers who had answered beside those who never had."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.metrics.respondents import score_respondents
from coroi.results import Result
from coroi.schemas import SNAPSHOT, metric_columns
from coroi.studies.inputs import Inputs


def compare_respondents(inputs: Inputs, *, level: float = 0.95) -> Result | None:
    """Compare who had answered with who never had, in the last period in which all can be seen.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    level : float
        Level of the intervals.

    Returns
    -------
    Result or None
        On what was known of everybody by then; ``None`` where there are no answers or nothing is known.
    """
    if inputs.plan.relationship_or_default == "snapshot" and "snapshot" in inputs.tables:
        people, traits = _snapshot_people(inputs)
    elif inputs.panel is not None and inputs.panel.metrics and "responses" in inputs.tables:
        people, traits = _panel_people(inputs)
    else:
        return None
    if not traits:
        return None
    parts = []
    for trait in traits:
        known = people.filter(people[trait].notnull()).mutate(_value=people[trait].cast("float64"))
        away = known["_value"] - known["_value"].mean().over(ibis.window(group_by="answered"))
        known = known.mutate(_away=away)
        parts.append(
            known.group_by("answered").agg(
                trait=ibis.literal(trait),
                n=known.count(),
                mean=known["_value"].mean(),
                variance=known["_value"].var(how="sample"),
                third=(known["_away"] * known["_away"] * known["_away"]).mean(),
                fourth=(known["_away"] * known["_away"] * known["_away"] * known["_away"]).mean(),
            )
        )
    union = parts[0] if len(parts) == 1 else ibis.union(*parts)
    moments = inputs.connection.to_pandas(union.order_by("trait", "answered"))
    moments["variance"] = moments["variance"].fillna(0.0)
    return score_respondents(moments, traits=traits, level=level)


def _panel_people(inputs: Inputs) -> tuple[Any, list[str]]:
    panel = inputs.panel
    assert panel is not None
    at = panel.last_at_risk_period if panel.relationship == "contract" else panel.last_complete_period
    data = panel.data.filter(panel.data["period"] <= ibis.literal(at.isoformat()).cast("date"))
    counts = [data[metric_columns(m)[3]] for m in panel.metrics]
    ever = sum(counts[1:], counts[0])
    data = data.mutate(_answers=ever, _now=data["period"] == ibis.literal(at.isoformat()).cast("date"))
    grouped = data.group_by("customer_id").agg(
        periods_since_start=data.count() - 1,
        revenue_per_period=data["revenue"].mean(),
        purchases=data["n_transactions"].sum(),
        answered=data["_answers"].max() > 0,
        here=(data["_now"] & (data["at_risk"] | (panel.relationship != "contract"))).cast("int64").max(),
    )
    people = grouped.filter(grouped["here"] == 1)
    wanted = {"periods_since_start": True, "revenue_per_period": "revenue", "purchases": "n_transactions"}
    filled = inputs.connection.to_pandas(
        panel.data.agg(**{c: panel.data[c].count() for c in ("revenue", "n_transactions")})
    ).iloc[0]
    return people, [t for t, source in wanted.items() if source is True or filled[source]]


def _snapshot_people(inputs: Inputs) -> tuple[Any, list[str]]:
    snapshot = inputs.tables["snapshot"]
    scores = [snapshot[c] for c in snapshot.columns if c not in SNAPSHOT.names]
    if not scores:
        return snapshot, []
    answered = ibis.or_(*(s.notnull() for s in scores))
    people = snapshot.mutate(answered=answered, left_share=snapshot["left"].cast("float64"))
    wanted = {"tenure_months": "tenure_months", "revenue": "revenue", "left": "left_share"}
    filled = inputs.connection.to_pandas(snapshot.agg(**{c: snapshot[c].count() for c in wanted})).iloc[0]
    return people, [trait for c, trait in wanted.items() if filled[c]]
