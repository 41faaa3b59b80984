"""Which rows of a roll-out each figure averages: by time since the start, cohort, period, group, and over all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from coroi.inference.roll_outs import RollOut

KEYS = ("event_time", "cohort", "period", "group")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectTerms:
    """Averages of effects.

    Parameters
    ----------
    keys : list of dict, k of them
        ``term``, ``event_time, cohort, period`` (NaN where they say nothing) and ``group`` (empty where it does);
        ``n_units, n_rows``: averaged; ``n_lost``: rows that belong to it and are not estimable.
    targets : sparse array, shape (n, k)
        Weight of each row in each average; those of a difference are below zero for what is taken off.
    clusters : ndarray of int, shape (k,)
        Clusters with a row in it; of a difference, on the side that has fewer.
    """

    keys: list[dict]
    targets: Any
    clusters: np.ndarray


def effect_terms(
    roll_out: RollOut,
    estimable: np.ndarray,
    *,
    horizon: int | None,
    balanced: int | None,
    group: np.ndarray | None,
) -> EffectTerms:
    """Lay out the averages of a roll-out's effects.

    Parameters
    ----------
    roll_out : RollOut
    estimable : ndarray of bool, shape (n,)
        Rows whose effect can be told.
    horizon : int, optional
        Last time since the start that gets a figure of its own; all by default.
    balanced : int, optional
        Last time of the path over units whose effect can be told at all its times; :func:`balanced_horizon` by default.
    group : ndarray of str, shape (n,), optional
        Group of each row's unit.

    Returns
    -------
    EffectTerms

    Notes
    -----
    Averages over rows weigh by the rows' weights. All but ``event_time`` are over rows from the start on, those of
    anticipation left aside.
    """
    from scipy import sparse

    weight, cluster = roll_out.weight, roll_out.cluster
    keys: list[dict] = []
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    clusters: list[int] = []
    for key, rows in _terms(roll_out, estimable, horizon=horizon, balanced=balanced, group=group):
        told = np.flatnonzero(rows & estimable)
        n_units = len(np.unique(roll_out.entity[told]))
        counts = {"n_units": n_units, "n_rows": len(told), "n_lost": int((rows & ~estimable).sum())}
        keys.append({"term": key[0]} | dict(zip(KEYS, key[1:], strict=True)) | counts)
        parts.append((told, weight[told] / weight[told].sum()))
        clusters.append(len(np.unique(cluster[told])))
    groups = [i for i, key in enumerate(keys) if key["term"] == "group"]
    for other in groups[1:]:
        (one, away), (two, more) = (parts[i] for i in (groups[0], other))
        counts = {name: keys[groups[0]][name] + keys[other][name] for name in ("n_units", "n_rows", "n_lost")}
        name = f"{keys[other]['group']} less {keys[groups[0]]['group']}"
        keys.append({"term": "difference", **dict.fromkeys(KEYS[:3], np.nan), "group": name} | counts)
        parts.append((np.concatenate([one, two]), np.concatenate([-away, more])))
        clusters.append(min(clusters[groups[0]], clusters[other]))
    column = np.repeat(np.arange(len(parts)), [len(told) for told, _ in parts])
    told, values = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    return EffectTerms(
        keys=keys,
        targets=sparse.coo_array((values, (told, column)), shape=(len(weight), len(parts))).tocsr(),
        clusters=np.array(clusters, dtype=int),
    )


def balanced_horizon(roll_out: RollOut, estimable: np.ndarray) -> int:
    """Return the last time since the start up to which at least half of the treated units can be told throughout.

    Parameters
    ----------
    roll_out : RollOut
    estimable : ndarray of bool, shape (n,)

    Returns
    -------
    int
        −1 where not even the first period can be told for half of them.
    """
    reach = _reach(roll_out, estimable)
    reach = reach[reach > -2]
    return int(np.sort(reach)[::-1][(len(reach) - 1) // 2]) if reach.size else -1


def _reach(roll_out: RollOut, estimable: np.ndarray) -> np.ndarray:
    """Return the last time up to which each entity can be told from 0 on; −2 for who is never treated while seen."""
    after = roll_out.ever & (roll_out.period >= roll_out.first)
    reach = np.full(len(roll_out.panel.names), -2)
    reach[roll_out.entity[after]] = -1
    told = after & estimable
    who, time = roll_out.entity[told], roll_out.event_time[told].astype(int)
    if who.size:
        starts = np.flatnonzero(np.diff(who, prepend=-1))
        rank = np.arange(len(who)) - np.repeat(starts, np.diff(starts, append=len(who)))
        whole = rank == time  # rows are in the order of time, so that none is missing before
        np.maximum.at(reach, who[whole], time[whole])
    return reach


def _terms(
    roll_out: RollOut, estimable: np.ndarray, *, horizon: int | None, balanced: int | None, group: np.ndarray | None
) -> Iterator[tuple[tuple, np.ndarray]]:
    """Give (term, event time, cohort, period, group) and the rows that belong to it."""
    none = float("nan")
    time, affected = roll_out.event_time, roll_out.affected & roll_out.ever
    after = affected & (np.nan_to_num(time, nan=-1) >= 0)
    for each in np.unique(time[affected]):
        if horizon is None or each <= horizon:
            yield ("event_time", float(each), none, none, ""), affected & (time == each)
    yield ("overall", none, none, none, ""), after
    for each in np.unique(roll_out.first[affected]):
        yield ("cohort", none, float(each), none, ""), after & (roll_out.first == each)
    last = balanced_horizon(roll_out, estimable) if balanced is None else balanced
    throughout = (_reach(roll_out, estimable) >= last)[roll_out.entity]
    for each in range(last + 1):
        yield ("balanced", float(each), none, none, ""), after & throughout & (time == each)
    for each in np.unique(roll_out.period[after]):
        yield ("period", none, none, float(each), ""), after & (roll_out.period == each)
    if group is not None:
        for name in sorted(set(group[after])):
            yield ("group", none, none, none, str(name)), after & (group == name)
