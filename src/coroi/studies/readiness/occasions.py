"""Occasions on which a customer could have answered, and what was known of the customer before each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd

from coroi.inference.design import Term
from coroi.metrics.bands import band_labels, default_bands
from coroi.prepare.calendar import first_day, index_of
from coroi.schemas import SNAPSHOT, Panel, metric_columns
from coroi.sources import Metric
from coroi.studies.inputs import Inputs
from coroi.studies.labels import group_labels

MOST_WAVES = 3
MIN_OF_A_LEVEL = 10  # answers, and silent occasions
NEVER, TOO_OLD, OTHERS, NOT_GIVEN = "never answered", "answer too old", "others", "not given"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occasions:
    """Occasions of one metric.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``customer, occasion, answered`` (0 or 1), ``score`` (NaN where silent) and a column a term. It holds customers'
        data, so that it is neither shown nor kept.
    terms : tuple of Term
        What is known before the occasion.
    waves : tuple of str
        First days of the waves; empty for one date.
    periods : int
        Periods of a wave.
    """

    frame: pd.DataFrame
    terms: tuple[Term, ...]
    waves: tuple[str, ...]
    periods: int


def find_occasions(inputs: Inputs, metric: str) -> Occasions | None:
    """Return a metric's occasions: each customer who is there when a wave begins, answering within it or not.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        Name of the metric.

    Returns
    -------
    Occasions or None
        ``None`` where there are neither waves nor a snapshot. A wave is as long as an answer counts (the plan's
        ``metric_age_limit``); the last one ends with the last period in which everybody can be seen, and three are
        used at most. Several answers in a wave count by the first day's mean.

    Notes
    -----
    Whom a question was sent to is not in the tables where no answer came back, so that those never asked are silent
    too. In a snapshot the silent are those without a score, and what is known of all is taken to have been so before.
    """
    if inputs.plan.relationship_or_default == "snapshot":
        return _of_snapshot(inputs, metric)
    panel = inputs.panel
    if panel is None or "responses" not in inputs.tables or metric not in panel.metrics:
        return None
    waves = _waves(inputs, panel)
    if waves.empty:
        return None
    table = ibis.memtable(waves, schema=dict.fromkeys(waves.columns, "date"))
    rows = inputs.connection.to_pandas(_known_before(inputs, panel, metric, table))
    if rows.empty:
        return None
    starts = tuple(str(pd.Timestamp(start).date()) for start in waves["start"])
    rows["segment"] = _named(inputs, rows["segment"])
    rows["occasion"] = pd.to_datetime(rows["start"]).dt.strftime("%Y-%m-%d")
    frame, terms = _described(rows, inputs.plan.metrics[metric])
    return Occasions(frame=frame, terms=terms, waves=starts, periods=inputs.plan.metric_age_limit_or_default)


def _waves(inputs: Inputs, panel: Panel) -> pd.DataFrame:
    """Return the first day of each wave, of the period before it, and of the first period after it."""
    last = panel.last_at_risk_period if panel.relationship == "contract" else panel.last_complete_period
    first = inputs.connection.execute(panel.data["period"].min())
    until, length = index_of(last, panel.frequency) + 1, inputs.plan.metric_age_limit_or_default
    starts = [until - length * k for k in range(MOST_WAVES, 0, -1)]
    known = None if first is None or pd.isna(first) else index_of(pd.Timestamp(first).date(), panel.frequency)
    kept = [] if known is None else [start for start in starts if start > known]
    days = [[first_day(i, panel.frequency) for i in (s, s - 1, s + length)] for s in kept]
    return pd.DataFrame(days, columns=["start", "prior", "until"])


def _known_before(inputs: Inputs, panel: Panel, metric: str, waves: Any) -> Any:
    data, tables = panel.data, inputs.tables
    value, _, _, count = metric_columns(metric)
    there = data.filter(data["at_risk"]) if panel.relationship == "contract" else data
    rows = there.join(waves, there["period"] == waves["start"]).select(
        "customer_id",
        "start",
        tenure=there["tenure_periods"],
        segment=there["segment"],
        last=there[value],
        n_before=there[count],
    )
    before = data.join(waves, data["period"] == waves["prior"]).select(
        "customer_id", "start", bought=data["n_transactions"]
    )
    rows = _beside(rows, before, {"bought": "bought"})
    if "touchpoints" in tables:
        contacts = tables["touchpoints"]
        at = contacts["occurred_at"]
        found = contacts.join(waves, [at >= waves["prior"], at < waves["start"]])
        rows = _beside(
            rows, found.group_by("customer_id", "start").agg(contacts=found.count()), {"contacts": "contacts"}
        )
        rows = rows.mutate(contacts=rows["contacts"].fill_null(0))
    return _beside(rows, _first_answers(tables["responses"], metric, waves), {"score": "score"})


def _first_answers(responses: Any, metric: str, waves: Any) -> Any:
    mine = responses.filter(responses["metric"] == metric)
    at = mine["answered_at"]
    inside = mine.join(waves, [at >= waves["start"], at < waves["until"]])
    daily = inside.group_by("customer_id", "start", "answered_at").agg(score=inside["score"].mean())
    first = daily["answered_at"].min().over(ibis.window(group_by=["customer_id", "start"]))
    daily = daily.mutate(_first=first)
    return daily.filter(daily["answered_at"] == daily["_first"]).select("customer_id", "start", "score")


def _beside(rows: Any, other: Any, columns: dict[str, str]) -> Any:
    """Add columns of another table by customer and wave; empty where it has no such row."""
    renamed = other.select(_who=other["customer_id"], _when=other["start"], **{k: other[v] for k, v in columns.items()})
    joined = rows.left_join(renamed, [rows["customer_id"] == renamed["_who"], rows["start"] == renamed["_when"]])
    return joined.select(*rows.columns, *columns)


def _of_snapshot(inputs: Inputs, metric: str) -> Occasions | None:
    snapshot = inputs.tables.get("snapshot")
    if snapshot is None or metric not in snapshot.columns or metric in SNAPSHOT.names:
        return None
    rows = inputs.connection.to_pandas(
        snapshot.select("customer_id", "segment", tenure=snapshot["tenure_months"], score=snapshot[metric])
    )
    rows["segment"] = _named(inputs, rows["segment"])
    frame, terms = _described(rows.assign(occasion=""), inputs.plan.metrics[metric])
    return Occasions(frame=frame, terms=terms, waves=(), periods=0)


def _named(inputs: Inputs, segments: pd.Series) -> pd.Series:
    """Call segments what a page may call them; those of too few customers are others."""
    names = group_labels(inputs.connection, inputs.tables, "segment", inputs.plan.privacy.smallest_cell)
    known = segments.notna()
    return segments.astype(object).where(~known, segments.astype(str).map(lambda name: names.get(name) or OTHERS))


def _described(rows: pd.DataFrame, metric: Metric) -> tuple[pd.DataFrame, tuple[Term, ...]]:
    """Return the rows as the model reads them, and the terms that vary enough to be in it."""
    answered = rows["score"].notna().astype(int)
    frame = pd.DataFrame(
        {
            "customer": rows["customer_id"],
            "occasion": rows["occasion"],
            "answered": answered,
            "score": rows["score"].astype(float),
        }
    )
    terms = []
    tenure = rows["tenure"].astype(float)
    if tenure.notna().any() and tenure.nunique() > 1:
        frame["log tenure"] = np.log1p(tenure.clip(lower=0))
        terms.append(Term("log tenure", centre=float(frame["log tenure"].mean())))
    for name, values in _levels(rows, metric).items():
        pooled = pool_levels(values, answered)
        names = tuple(sorted(set(pooled)))
        if len(names) > 1:
            frame[name] = pooled
            terms.append(Term(name, names))
    return frame.sort_values(["customer", "occasion"], ignore_index=True), tuple(terms)


def _levels(rows: pd.DataFrame, metric: Metric) -> dict[str, pd.Series]:
    found = {"segment": rows["segment"].astype(object).where(rows["segment"].notna(), NOT_GIVEN).astype(str)}
    if "last" in rows:
        labels = np.array(band_labels(metric), dtype=object)
        band = labels[np.searchsorted(default_bands(metric), rows["last"].fillna(metric.scale[0]).astype(float))]
        stale = np.where(rows["n_before"].fillna(0) > 0, TOO_OLD, NEVER)
        found["last answer"] = pd.Series(np.where(rows["last"].notna(), band, stale), index=rows.index)
    for name, column in (("bought in the period before", "bought"), ("contact in the period before", "contacts")):
        if column in rows and rows[column].notna().any():
            found[name] = pd.Series(np.where(rows[column].fillna(0) > 0, "yes", "no"), index=rows.index)
    if rows["occasion"].nunique() > 1:
        found["wave"] = rows["occasion"].astype(str)
    return found


def pool_levels(values: pd.Series, answered: pd.Series) -> pd.Series:
    """Join levels with too few answers or too few silent occasions, so that no kind is left without either."""
    counts = pd.DataFrame({"n": answered.groupby(values).count(), "spoke": answered.groupby(values).sum()})

    def small(table: pd.DataFrame) -> pd.Series:
        return (table["spoke"] < MIN_OF_A_LEVEL) | (table["n"] - table["spoke"] < MIN_OF_A_LEVEL)

    pooled = values.where(~values.map(small(counts)).astype(bool), OTHERS)
    again = pd.DataFrame({"n": answered.groupby(pooled).count(), "spoke": answered.groupby(pooled).sum()})
    if OTHERS in again.index and bool(small(again)[OTHERS]) and len(again) > 1:
        largest = again["n"].drop(OTHERS).idxmax()
        pooled = pooled.where(pooled != OTHERS, largest)
    return pooled
