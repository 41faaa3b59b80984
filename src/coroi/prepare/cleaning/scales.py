"""Scores against their scale: codes for "no answer" are emptied, scores off it dropped, a wrong scale refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import pandas as pd

from coroi.errors import Problem, did_you_mean
from coroi.masking import mask_word
from coroi.prepare.cleaning.rules import Rule
from coroi.sources import Metric, Part, Source, Value

WRONG_SCALE = 0.10  # share of scores off the scale above which the scale itself is in doubt
MANY_NAMES = 5  # names that are no metric's, above which the column holds something else


def with_word_codes(source: Source, metrics: Mapping[str, Metric]) -> Source:
    """Return the source with metrics' missing codes that are words, such as "Not given", read as empty cells."""
    words = {m: {c: None for c in metric.missing_codes if isinstance(c, str)} for m, metric in metrics.items()}
    first, *others = (_coded(part, words) for part in source.parts)
    also = tuple(Part.model_validate(part.model_dump(by_alias=True, exclude={"also"})) for part in others)
    return first.model_copy(update={"also": also})


def _coded(source: Source, words: Mapping[str, dict[str, None]]) -> Source:
    columns: dict[str, dict[str, Value]] = {m: dict(words[m]) for m in source.scores if words.get(m)}
    if not source.scores and any(words.values()):
        columns = {"score": {code: None for codes in words.values() for code in codes}}
    values = {**source.values, **{c: {**codes, **source.values.get(c, {})} for c, codes in columns.items()}}
    return source.model_copy(update={"values": values})


def missing_code(table: Any, metrics: Mapping[str, Metric]) -> Rule:
    """Match scores that the plan names as codes for "no answer"."""
    hits = [
        (table["metric"] == name) & (table["score"] == float(code))
        for name, metric in metrics.items()
        for code in metric.missing_codes
        if isinstance(code, (int, float))
    ]
    return Rule("missing code", ibis.or_(*hits) if hits else ibis.literal(False), "a code for no answer", "score")


def off_scale(table: Any, metrics: Mapping[str, Metric]) -> Rule:
    """Match scores outside their metric's scale."""
    hits = [(table["metric"] == name) & ~table["score"].between(*metric.scale) for name, metric in metrics.items()]
    ends = ", ".join(f"{name} {m.scale[0]:g} to {m.scale[1]:g}" for name, m in metrics.items())
    said = f"score outside the scale ({ends})"
    return Rule("off the scale", ibis.or_(*hits) if hits else ibis.literal(False), said, "score")


def scale_problems(connection: Any, table: Any, metrics: Mapping[str, Metric], name: str) -> list[Problem]:
    """Return problems for metrics that the plan does not know, and for scales that many scores do not fit."""
    seen = connection.to_pandas(
        table.filter(table["score"].notnull())
        .group_by("metric")
        .agg(n=ibis._.count(), low=ibis._.score.min(), high=ibis._.score.max())
        .order_by("metric")
    )
    problems = _unknown_metrics(seen[~seen["metric"].isin(list(metrics))], metrics, name)
    for row in seen[seen["metric"].isin(list(metrics))].itertuples():
        metric = metrics[row.metric]
        valid = table.filter(table["metric"] == row.metric)
        valid = valid.filter(~missing_code(valid, metrics).condition)
        off = connection.execute(valid.filter(~valid["score"].between(*metric.scale)).count())
        n = connection.execute(valid.filter(valid["score"].notnull()).count())
        if off > WRONG_SCALE * n:
            what = (
                f"{off:,} of {n:,} scores of '{row.metric}' lie outside {metric.scale[0]:g} to {metric.scale[1]:g}; "
                f"they run from {row.low:g} to {row.high:g}."
            )
            fix = f"Correct metrics.{row.metric}.scale, or name the codes for no answer under missing_codes."
            problems.append(Problem(f"{name}.score", what, fix))
    return problems


def _unknown_metrics(seen: pd.DataFrame, metrics: Mapping[str, Metric], name: str) -> list[Problem]:
    """Name what is no metric; many names are not shown, since the column may then hold something personal."""
    where = f"{name}.metric"
    if len(seen) > MANY_NAMES:
        what = f"{int(seen['n'].sum()):,} answers carry {len(seen):,} names that are not the plan's metrics."
        return [Problem(where, what, "Map `metric` to the column that names the question.")]
    problems = []
    for row in seen.itertuples():
        shown = "an empty name" if pd.isna(row.metric) else f"'{mask_word(row.metric, row.n, metrics)}'"
        what = f"{row.n:,} answers carry {shown}, which is not one of the plan's metrics."
        problems.append(Problem(where, what, did_you_mean(str(row.metric), metrics)))
    return problems
