"""Who said that they would recommend, beside who then did, over the same time for everybody."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from coroi.metrics.nps import PROMOTER
from coroi.prepare.calendar import index_of, last_period_by, period_index
from coroi.studies.inputs import Inputs
from coroi.studies.readiness.readings import answers_of


def said_and_done(inputs: Inputs, metric: str) -> Any | None:
    """Return, by customer, whether the first answer said to recommend, and whether a recommendation followed.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        A metric that asks to recommend.

    Returns
    -------
    ibis.Table or None
        ``customer_id, said, did, weight``; ``None`` without recommendations or dated answers.

    Notes
    -----
    The first answer counts that lies in a period in which recommendations were recorded already, and is followed by the
    plan's ``horizon`` in whole periods of the data. Several answers of one day count by their mean. Assumption: a
    recommendation that was made is in the table (untestable).
    """
    answers = answers_of(inputs, metric)
    if answers is None or "referrals" not in inputs.tables:
        return None
    referrals = inputs.tables["referrals"]
    seen = inputs.connection.to_pandas(
        referrals.agg(first=referrals["referred_at"].min(), last=referrals["referred_at"].max())
    ).iloc[0]
    if pd.isna(seen["first"]):
        return None
    period, horizon = inputs.plan.period, inputs.plan.horizon
    known = inputs.panel.observed_until if inputs.panel is not None else inputs.plan.observed_until
    first = index_of(pd.Timestamp(seen["first"]).date(), period)
    last = last_period_by(known or pd.Timestamp(seen["last"]).date(), period) - horizon
    dated = answers.filter(answers["answered_at"].notnull())
    dated = dated.mutate(_at=period_index(dated["answered_at"], period))
    dated = dated.filter(dated["_at"] >= first, dated["_at"] <= last)
    start = dated["answered_at"].min().over(ibis.window(group_by="customer_id"))
    dated = dated.mutate(_start=start)
    each = dated.filter(dated["answered_at"] == dated["_start"]).group_by("customer_id")
    said = each.agg(
        _at=lambda t: t["_at"].min(),
        said=lambda t: t["score"].mean() >= PROMOTER,
        weight=lambda t: t["weight"].mean(),
    )
    deeds = referrals.select(_who="customer_id", _when=period_index(referrals["referred_at"], period))
    within = [
        said["customer_id"] == deeds["_who"],
        deeds["_when"] > said["_at"],
        deeds["_when"] <= said["_at"] + horizon,
    ]
    both = said.left_join(deeds, within)
    return both.group_by("customer_id", "said", "weight").agg(did=both["_when"].count() > 0)
