"""Snapshot: one row a customer as seen on one date, for firms that kept no history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis

from coroi.errors import Problem
from coroi.prepare.clean import clean_rows, complete, load_mapped
from coroi.prepare.cleaning.limits import limit_problems, without_impossible, word_problems
from coroi.prepare.cleaning.order import empty
from coroi.prepare.cleaning.rules import Rule, note_rows
from coroi.prepare.cleaning.scales import scale_problems, with_word_codes
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import Mapped
from coroi.prepare.score_doubts import note_reversed, note_score_doubts
from coroi.schemas import SNAPSHOT, snapshot_with
from coroi.sources import Metric, Source
from coroi.storage.files import ROW


def prepare_snapshot(connection: Any, source: Source, base: Path, ledger: Ledger, metrics: Mapping[str, Metric]) -> Any:
    """Return one row a customer with a column for each metric.

    Notes
    -----
    A trial in money, with `arm` and `margin` or `revenue`, may lack `left`: it tells nothing of who stays.

    Raises
    ------
    DataError
        If the table cannot be used, if a metric was answered on or after the day on which the customer left,
        if most scores of a metric lie off its scale, or if a word names no arm.
    """
    schema = snapshot_with({*source.columns, *source.fixed})
    mapped = load_mapped(connection, with_word_codes(source, metrics), schema, base, ledger)
    mapped = _lower_arms(mapped)
    table = clean_rows(
        connection,
        mapped,
        schema,
        ledger,
        more=lambda t: [empty(t, c) for c in ("left",) if c in t.columns],
        problems=lambda t: [
            *_late_answers(connection, t),
            *_wrong_scales(connection, t, source, metrics),
            *_wrong_arms(connection, t, mapped.columns),
        ],
    )
    table = without_impossible(connection, table, schema, mapped.columns, ledger)
    _note_doubts(connection, table, source, metrics, ledger)
    for name in source.score_names:
        score, metric = table[name], metrics[name]
        codes = [float(c) for c in metric.missing_codes if isinstance(c, (int, float))]
        coded = score.isin(codes) if codes else ibis.literal(False)
        off = ~score.between(*metric.scale) & ~coded
        ends = f"{metric.scale[0]:g} to {metric.scale[1]:g}"
        found = [
            Rule("missing code", coded, f"{name}: a code for no answer; left empty", name),
            Rule("off the scale", off, f"{name} outside {ends}; left empty", name),
        ]
        note_rows(connection, table, found, "snapshot", ledger, step="set to missing")
        table = table.mutate(**{name: (coded | off).ifelse(ibis.null("float64"), score)})
    return complete(connection, table, schema, ledger, extra=source.score_names)


def _lower_arms(mapped: Mapped) -> Mapped:
    """Write the words of the arms in lower case."""
    if "arm" not in mapped.columns:
        return mapped
    return replace(mapped, table=mapped.table.mutate(arm=mapped.table["arm"].lower()))


def _wrong_arms(connection: Any, table: Any, columns: tuple[str, ...]) -> list[Problem]:
    """Refuse words that name no arm, and planned shares in another unit."""
    problems: list[Problem] = []
    if "arm" in columns:
        choices = SNAPSHOT.column("arm").choices
        problems += word_problems(connection, table, "arm", choices, "snapshot")
    if "planned_share" in columns:
        problems += limit_problems(connection, table, SNAPSHOT, ["planned_share"], None)
    return problems


def _note_doubts(connection: Any, table: Any, source: Source, metrics: Mapping[str, Metric], ledger: Ledger) -> None:
    """Flag what the scores of all metrics give away."""
    columns = {name: [ROW, "customer_id"] for name in source.score_names}
    parts = [table.select(*c, metric=ibis.literal(m), score=table[m].cast("float64")) for m, c in columns.items()]
    if not parts:
        return
    long = parts[0] if len(parts) == 1 else ibis.union(*parts)
    note_score_doubts(connection, long, {m: metrics[m] for m in source.score_names}, "snapshot", ledger, parts={})
    better = {m: metrics[m].higher_is == "better" for m in source.score_names}
    note_reversed(connection, long, better, "snapshot", ledger, who="customer_id", item="metric")


def _late_answers(connection: Any, table: Any) -> list[Problem]:
    """Refuse answers dated on or after the exit, or after the snapshot itself: the outcome would explain itself."""
    problems = []
    for other, said in (("left_at", "on or after the day on which the customer left"), ("as_of", "after the snapshot")):
        if {"answered_at", other} <= set(table.columns):
            late = table["answered_at"] >= table[other] if other == "left_at" else table["answered_at"] > table[other]
            n = connection.execute(table.filter(late).count())
            if n:
                fix = "Give the last answers before that date, or leave these customers' answers empty."
                problems.append(Problem("snapshot.answered_at", f"{n:,} answers are dated {said}.", fix))
    return problems


def _wrong_scales(connection: Any, table: Any, source: Source, metrics: Mapping[str, Metric]) -> list[Problem]:
    problems = []
    for name in source.score_names:
        long = table.select(metric=ibis.literal(name), score=table[name])
        problems += scale_problems(connection, long, metrics, "snapshot")
    return problems
