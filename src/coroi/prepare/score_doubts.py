"""Doubts about scores that only their counts show: codes, mixed scales, waves on another scale, reversed items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.cleaning.rules import Rule, note_rows
from coroi.prepare.cleaning.score_shapes import drifted_waves, mixed_factor, reversed_items, suspect_codes
from coroi.prepare.ledger import Ledger
from coroi.sources import Metric

MOST_SCORES = 5_000  # distinct scores by wave, above which the metric is no scale of answers
MOST_RESPONDENTS = 100_000  # for the correlation of items; more would tell no more


def note_score_doubts(
    connection: Any, table: Any, metrics: Mapping[str, Metric], name: str, ledger: Ledger, *, parts: Mapping[str, Any]
) -> None:
    """Flag what scores give away; nothing is changed.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        ``metric``, ``score`` (before any is dropped) and ``_row``.
    metrics : Mapping of str to Metric
        The plan's metrics.
    name : str
        The table's name in the ledger.
    ledger : Ledger
        Takes the counts.
    parts : Mapping of str to ibis expression
        What answers are told apart by, as text: waves, touchpoints.
    """
    for metric, settings in metrics.items():
        codes = [float(c) for c in settings.missing_codes if isinstance(c, (int, float))]
        own = table.filter((table["metric"] == metric) & table["score"].notnull())
        if codes:
            own = own.filter(~own["score"].isin(codes))
        counts = connection.to_pandas(own.group_by("score").agg(n=own.count()).limit(MOST_SCORES))
        if len(counts) in (0, MOST_SCORES):
            continue
        rules = [_code_rule(own, metric, s.value, s.why) for s in suspect_codes(counts, settings.scale)]
        factor = mixed_factor(counts, settings.scale)
        if factor is not None:
            rules.append(_mixed_rule(own, metric, factor, settings))
        for part, words in parts.items():
            rules += _drift_rules(connection, own, metric, settings, part, words)
        note_rows(connection, own, rules, name, ledger)


def note_reversed(
    connection: Any, answers: Any, better: Mapping[str, bool], name: str, ledger: Ledger, *, who: str, item: str
) -> None:
    """Flag items that run against all the others of the same respondents; nothing is changed.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    answers : ibis.Table
        Columns `who`, `item` and ``score``, one row an answer.
    better : Mapping of str to bool
        Whether high is good, by item.
    name : str
        The table's name in the ledger.
    ledger : Ledger
        Takes the counts.
    who, item : str
        Columns of the respondent and of the item.
    """
    if len(better) < 3:
        return
    means = answers.filter(answers[who].notnull()).group_by(who, item).agg(score=answers["score"].mean())
    long = connection.to_pandas(means.order_by(who, item).limit(MOST_RESPONDENTS * len(better)))
    if long.empty:
        return
    wide = long.set_index([who, item])["score"].unstack()  # noqa: PD010
    wide = wide[[c for c in better if c in wide.columns]]
    for odd in reversed_items(wide, [better[c] for c in wide.columns]):
        n = int(wide[odd].notna().sum())
        said = f"'{odd}' runs against the other items of the same respondents; kept as it is"
        ledger.add(name, "flagged", n, said, rule="reversed item", column=odd)


def waves_of(day: Any) -> Any:
    """Name the quarter of a date, "2024-Q1"."""
    return day.year().cast("string") + "-Q" + day.quarter().cast("string")


def _code_rule(own: Any, metric: str, value: float, why: str) -> Rule:
    said = f"{metric}: {value:g} may mean no answer ({why}); kept as a score"
    return Rule("code inside the scale", own["score"] == value, said, "score")


def _mixed_rule(own: Any, metric: str, factor: float, settings: Metric) -> Rule:
    low, high = settings.scale
    values = [v * factor for v in range(int(low), int(high) + 1) if low <= v * factor <= high]
    said = (
        f"{metric}: scores off the scale are {factor:g} times one on it, so answers on another scale are mixed in; "
        "these could be of either and are kept"
    )
    return Rule("mixed scales", own["score"].isin(values), said, "score")


def _drift_rules(connection: Any, own: Any, metric: str, settings: Metric, part: str, words: Any) -> list[Rule]:
    named = own.mutate(wave=own[words] if isinstance(words, str) else words(own))
    counted = named.filter(named["wave"].notnull()).group_by("wave", "score").agg(n=ibis._.count())
    counts: pd.DataFrame = connection.to_pandas(counted.limit(MOST_SCORES))
    if len(counts) == MOST_SCORES:
        return []
    inside = counts[counts["score"].between(*settings.scale)]
    waves = drifted_waves(inside, settings.scale)
    if not waves:
        return []
    shown = ", ".join(waves[:3]) + (" …" if len(waves) > 3 else "")
    said = f"{metric}: no answer of the {part} {shown} comes near the upper end of the scale, as others' do; kept"
    wave = own[words] if isinstance(words, str) else words(own)
    return [Rule("scale drift", wave.isin(waves) & own["score"].notnull(), said, "score")]
