"""Responses: one row an answer, on its metric's scale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ibis

from coroi.errors import DataError, Problem
from coroi.prepare.clean import clean_rows, complete, load_mapped
from coroi.prepare.cleaning.duplicates import reused_key
from coroi.prepare.cleaning.order import empty, ends_before_start
from coroi.prepare.cleaning.rules import note_rows
from coroi.prepare.cleaning.scales import missing_code, off_scale, scale_problems, with_word_codes
from coroi.prepare.cleaning.weights import lacking_weight, weight_problems
from coroi.prepare.ledger import Ledger
from coroi.prepare.score_doubts import note_reversed, note_score_doubts, waves_of
from coroi.schemas import RESPONSES
from coroi.sources import Metric, Source


def prepare_responses(
    connection: Any, source: Source, base: Path, ledger: Ledger, metrics: Mapping[str, Metric]
) -> Any:
    """Return one row an answer, each on the scale of its metric.

    Raises
    ------
    DataError
        If the table cannot be used, a metric is unknown, a scale does not fit its scores, or weights are no weights.
    """
    mapped = load_mapped(connection, with_word_codes(source, metrics), RESPONSES, base, ledger)
    if not {"metric", "score"} <= set(mapped.columns):
        fix = "Map both, or give `scores`: the column of each metric."
        raise DataError(Problem("responses", "neither `scores` nor the columns metric and score are mapped.", fix))

    parts: dict[str, Any] = {"quarter": lambda rows: waves_of(rows["answered_at"])}
    if "touchpoint" in mapped.columns:
        parts["touchpoint"] = "touchpoint"
    note_score_doubts(connection, mapped.table, metrics, "responses", ledger, parts=parts)

    def rules(table: Any) -> list:
        found = [
            missing_code(table, metrics),
            empty(table, "score"),
            off_scale(table, metrics),
            empty(table, "answered_at"),
        ]
        return found + ([ends_before_start(table, "asked_at", "answered_at")] if "asked_at" in mapped.columns else [])

    table = clean_rows(
        connection,
        mapped,
        RESPONSES,
        ledger,
        more=rules,
        problems=lambda t: [
            *scale_problems(connection, t, metrics, "responses"),
            *weight_problems(connection, t, "responses"),
        ],
    )
    note_rows(connection, table, lacking_weight(connection, table), "responses", ledger)
    better = {name: metric.higher_is == "better" for name, metric in metrics.items()}
    note_reversed(connection, table, better, "responses", ledger, who="customer_id", item="metric")
    if "response_id" in mapped.columns and len(source.score_names) < 2:
        note_rows(connection, table, reused_key(connection, table, "response_id", mapped.unique), "responses", ledger)
    return complete(connection, table.mutate(score=ibis._.score.cast("float64")), RESPONSES, ledger)
