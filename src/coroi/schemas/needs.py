"""What a study or a claim needs of the data, and what is missing for it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Need:
    """What a study or a claim needs: a choice of table sets, and what the plan's metrics must offer."""

    any_of: tuple[tuple[str, ...], ...]
    metrics: bool = False
    columns: tuple[str, ...] = field(default=())


def missing_for(need: Need, tables: set[str], metrics: set[str], columns: set[str]) -> str:
    """Say what is missing for a need, or return an empty string.

    Parameters
    ----------
    need : Need
        What is needed.
    tables, metrics : set of str
        What the data have.
    columns : set of str
        Columns that the data have, as ``table.column``.
    """
    lacks = [tuple(t for t in choice if t not in tables) for choice in need.any_of]
    parts = []
    if lacks and all(lacks):
        parts.append(_ways([a for a in dict.fromkeys(lacks) if not any(set(b) < set(a) for b in lacks)]))
    if need.metrics and not metrics:
        parts.append("a metric (`scores` of responses or of a snapshot)")
    parts += [f"`{c}`" for c in need.columns if c not in columns and c.split(".")[0] in tables]
    return ", and ".join(parts)


def _ways(lacks: list[tuple[str, ...]]) -> str:
    """Write the two shortest sets of tables that would do, what they share first."""
    shared = [t for t in lacks[0] if all(t in lack for lack in lacks)]
    rests = sorted(([t for t in lack if t not in shared] for lack in lacks), key=len)[:2]
    either = " or ".join(" and ".join(f"`{t}`" for t in rest) for rest in rests)
    return " with ".join(filter(None, (" and ".join(f"`{t}`" for t in shared), either)))
