"""Known shares of everybody, held against the levels that the data have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis

from coroi.errors import Problem, did_you_mean
from coroi.prepare import Prepared
from coroi.report.privacy import fewer_than
from coroi.schemas import SNAPSHOT
from coroi.studies.labels import group_labels
from coroi.studies.plan import LoadedPlan
from coroi.studies.yaml_lines import Loc, dotted_key

_HOMES = {"segment": ("customers", "snapshot"), "unit_id": ("customers",)}


def margin_problems(loaded: LoadedPlan, prepared: Prepared) -> list[Problem]:
    """Return a problem for each level of the plan's margins that the data contradict, with its line.

    Parameters
    ----------
    loaded : LoadedPlan
        The plan, and the line of each of its keys.
    prepared : Prepared
        Clean tables; a margin whose table cannot be used is left to that table's own problem.
    """
    tables, answered = prepared.tables, _who_answered(prepared.tables)
    found = []
    for column, shares in loaded.plan.margins.items():
        home = _home(tables, column)
        if home is None and any(t in loaded.plan.tables and t not in tables for t in _HOMES[column]):
            continue
        for loc, what, fix in _contradictions(loaded, prepared, column, shares, home, answered):
            line = loaded.lines.get(loc, 1)
            found.append(Problem(f"{loaded.path.name} line {line}", f"{dotted_key(loc)}: {what}", fix))
    return found


def with_levels(tables: Mapping[str, Any], answers: Any, columns: list[str]) -> Any:
    """Add to answers the level that each customer has in some columns; empty where it is not known."""
    rows = answers
    for column in columns:
        home = _home(tables, column)
        if home is None:
            rows = rows.mutate(**{column: ibis.null("string")})
            continue
        known = tables[home].select(_who="customer_id", **{column: tables[home][column].cast("string")})
        rows = rows.left_join(known, rows["customer_id"] == known["_who"]).drop("_who")
    return rows


def _contradictions(
    loaded: LoadedPlan,
    prepared: Prepared,
    column: str,
    shares: Mapping[str, float],
    home: str | None,
    answered: Any | None,
) -> Iterator[tuple[Loc, str, str]]:
    whole: Loc = ("margins", column)
    counts = {} if home is None else _levels(prepared, home, column, answered)
    if not counts:
        yield (
            whole,
            f"no customer has a {column}.",
            f"Map `{column}` of `{_HOMES[column][0]}`, or leave the margin out.",
        )
        return
    names = group_labels(prepared.connection, prepared.tables, column, loaded.plan.privacy.smallest_cell)
    known = [name for level in counts if (name := names.get(level))]
    for level, share in shares.items():
        if level not in counts:
            yield (*whole, level), "no customer is of it.", did_you_mean(level, known)
        elif share > 0 and counts[level] == 0 and answered is not None:
            fix = "Merge it with another level under `values`, or leave the margin out."
            yield (*whole, level), "nobody of it answered, and no weight can make up for nobody.", fix
    for level, n in counts.items():
        if n and level not in shares:
            small = f"a level of {fewer_than(loaded.plan.privacy.smallest_cell)} customers"
            called = f"'{names[level]}'" if names.get(level) else small
            yield whole, f"customers of {called} answered, but it has no share.", "Give its share of everybody."


def _levels(prepared: Prepared, home: str, column: str, answered: Any | None) -> dict[str, int]:
    """Count, by level, the customers who answered; all levels that customers have are in it."""
    people = prepared.tables[home].filter(prepared.tables[home][column].notnull())
    people = people.select("customer_id", level=people[column].cast("string"))
    levels = prepared.connection.to_pandas(people.group_by("level").agg(n=people.count()).order_by("level"))
    counts = dict.fromkeys(map(str, levels["level"]), 0)
    if answered is None:
        return counts
    spoke = people.semi_join(answered, "customer_id")
    seen = prepared.connection.to_pandas(spoke.group_by("level").agg(n=spoke.count()))
    return counts | dict(zip(seen["level"].astype(str), seen["n"].astype(int), strict=True))


def _who_answered(tables: Mapping[str, Any]) -> Any | None:
    found = []
    if "responses" in tables:
        found.append(tables["responses"].select("customer_id"))
    if "snapshot" in tables:
        seen = tables["snapshot"]
        scores = [seen[c].notnull() for c in seen.columns if c not in SNAPSHOT.names]
        found += [seen.filter(ibis.or_(*scores)).select("customer_id")] if scores else []
    return (ibis.union(*found, distinct=True) if len(found) > 1 else found[0].distinct()) if found else None


def _home(tables: Mapping[str, Any], column: str) -> str | None:
    return next((name for name in _HOMES[column] if name in tables), None)
