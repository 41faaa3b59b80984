"""What is asked of units whose dose changes: by time since the start, by dose, by exposure, and after the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coroi.inference.doses import Doses
from coroi.inference.switching import Differences, Pool, Targets, Term, averaged, combined, differences

PART, FULL = "part", "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One estimand and what was found.

    Parameters
    ----------
    term : str
    keys : dict
        What tells it from others of its term.
    found : Term or str
        The reason in words where it is not identified.
    """

    term: str
    keys: dict[str, int | str]
    found: Term | str

    @property
    def name(self) -> str:
        """Name of its column in covariance and influence."""
        return ": ".join([self.term, *map(str, self.keys.values())])


def start_targets(doses: Doses, *, leads: int, horizon: int, anticipation: int) -> Targets:
    """List what is wanted of every unit whose dose rises first: its periods from then on, and some before.

    Notes
    -----
    A lead of ℓ periods before the base is compared with units that have not changed ℓ periods after it either, as the
    effect there is: de Chaisemartin and D'Haultfœuille (2024), placebo of section 4.
    """
    wanted = []
    for unit in map(int, np.flatnonzero(doses.begins)):
        first, base = int(doses.first[unit]), int(doses.first[unit]) - 1 - anticipation
        until = first + _length(doses.dose[unit, first:] >= doses.baseline[unit])
        wanted += [(unit, base, at, at, at - first) for at in range(first, min(until, first + horizon + 1))]
        wanted += [(unit, base, base - k, first - 1 + k, base - k - first) for k in range(1, leads + 1)]
    return _targets(wanted, doses)


def end_targets(doses: Doses, *, leads: int, anticipation: int, since_start: bool) -> Targets:
    """List the periods after each unit's end for as long as its dose stays at 0.

    Parameters
    ----------
    doses : Doses
    leads : int
        Periods before the base; those before the unit's dose began are no part of them.
    anticipation : int
    since_start : bool
        Whether to compare with the period before the unit's dose first rose, instead of that before its end.
    """
    wanted = []
    for unit in map(int, np.flatnonzero(doses.end < doses.n_periods)):
        end = int(doses.end[unit])
        until = end + _length(doses.dose[unit, end:] == 0)
        if since_start:
            if doses.baseline[unit] == 0:
                base = int(doses.first[unit]) - 1 - anticipation
                wanted += [(unit, base, at, at, at - end) for at in range(end - 1, until)]
            continue
        base = end - 1 - anticipation
        begun = int(doses.first[unit]) if doses.baseline[unit] == 0 else 0
        wanted += [(unit, base, at, at, at - end) for at in range(end, until)]
        earlier = [(unit, base, base - k, end - 1 + k, base - k - end) for k in range(1, leads + 1)]
        wanted += [each for each in earlier if each[2] >= begun]
    return _targets(wanted, doses)


def _length(run: np.ndarray) -> int:
    """Return how many of the first values hold."""
    return int(len(run) if run.all() else np.argmin(run))


def _targets(wanted: list[tuple[int, int, int, int, int]], doses: Doses) -> Targets:
    rows = np.array(wanted, dtype=np.int64).reshape(-1, 5)
    inside = (rows[:, 1:4] >= 0).all(axis=1) & (rows[:, 1:4] < doses.n_periods).all(axis=1)
    unit, base, at, through, time = rows[inside].T
    return Targets(unit=unit, base=base, at=at, through=through, time=time)


def of_starts(doses: Doses, targets: Targets, pool: Pool) -> Differences:
    """Compare since the start: controls are shared by units of one baseline."""
    code = np.unique(doses.baseline, return_inverse=True)[1].ravel()
    return differences(doses, targets, pool, code[targets.unit])


def of_ends(doses: Doses, targets: Targets, pool: Pool) -> Differences:
    """Compare since the end: controls are shared by units of one history up to it."""
    history = [doses.dose[u, : doses.end[u]].tobytes() + bytes([0]) for u in targets.unit]
    code = {each: number for number, each in enumerate(dict.fromkeys(history))}
    return differences(doses, targets, pool, np.array([code[each] for each in history], dtype=np.int64))


def start_terms(doses: Doses, found: Differences) -> Iterator[Asked]:
    """Average by time since the start, over all, by cohort, by period, and over units that are there throughout."""
    targets, weight = found.targets, found.weight
    after = targets.time >= 0
    for time in np.unique(targets.time):
        yield _mean(found, "event_time", {"event_time": int(time)}, targets.time == time)
    yield _mean(found, "overall", {}, after)
    begun = doses.first[targets.unit]
    for first in np.unique(begun):
        yield _mean(found, "cohort", {"cohort": int(doses.periods[first])}, after & (begun == first))
    for at in np.unique(targets.at[after]):
        yield _mean(found, "period", {"period": int(doses.periods[at])}, after & (targets.at == at))
    throughout, last = _throughout(found)
    for time in range(last + 1):
        yield _mean(found, "balanced", {"event_time": time}, throughout & (targets.time == time))
    taken, now = _doses_taken(doses, targets)
    for time in np.unique(targets.time[after]):
        some = targets.time == time
        ratio = averaged(found, np.where(some, weight, 0.0), np.where(some, weight * taken, 0.0))
        yield Asked(term="per_dose", keys={"event_time": int(time)}, found=ratio)
    whole = averaged(found, np.where(after, weight, 0.0), np.where(after, weight * now, 0.0))
    yield Asked(term="per_dose_overall", keys={}, found=whole)
    unbroken = _unbroken(doses, targets, alike=False)
    for time in np.unique(targets.time[unbroken]):
        yield _mean(found, "exposure", {"exposure": int(time) + 1}, unbroken & (targets.time == time))


def _mean(found: Differences, term: str, keys: dict[str, int | str], rows: np.ndarray) -> Asked:
    weight = np.where(rows, found.weight, 0.0)
    return Asked(term=term, keys=keys, found=averaged(found, weight, weight))


def _throughout(found: Differences) -> tuple[np.ndarray, int]:
    """Mark the units that are there at every time up to the last that half of the units reach."""
    known = ~np.isnan(found.value) & (found.targets.time >= 0)
    units, code = np.unique(found.targets.unit, return_inverse=True)
    reach = np.array([_length(np.bincount(found.targets.time[known & (code == u)]) > 0) for u in range(len(units))])
    reached = np.sort(reach[reach > 0])[::-1]
    last = int(reached[(len(reached) - 1) // 2]) - 1 if len(reached) else -1
    return (reach > last)[code] & known, last


def _doses_taken(doses: Doses, targets: Targets) -> tuple[np.ndarray, np.ndarray]:
    """Return what each target had received beyond its baseline since its first change, and what it receives now."""
    extra = np.nan_to_num(doses.dose - doses.baseline[:, None])
    sums = np.cumsum(extra, axis=1)
    return sums[targets.unit, targets.at], extra[targets.unit, targets.at]


def _unbroken(doses: Doses, targets: Targets, *, alike: bool) -> np.ndarray:
    """Mark targets whose dose was above the baseline, or its first one, in every period since it rose."""
    held = np.zeros(len(targets.unit), dtype=bool)
    for k in np.flatnonzero(targets.time >= 0):
        unit = targets.unit[k]
        since = doses.dose[unit, doses.first[unit] : targets.at[k] + 1]
        held[k] = (since == since[0]).all() if alike else (since > doses.baseline[unit]).all()
    return held


def end_terms(since_start: Differences, going_on: Differences) -> Iterator[Asked]:
    """Average by time since the end: what is left, how far it faded, and against units that go on."""
    time = since_start.targets.time
    before = time == -1
    at_end = dict(zip(since_start.targets.unit[before], since_start.value[before], strict=True))
    paired = ~np.isnan(np.array([at_end.get(u, np.nan) for u in since_start.targets.unit])) & ~np.isnan(
        since_start.value
    )
    for since in np.unique(time):
        keys: dict[str, int | str] = {"since_end": int(since)}
        yield _mean(since_start, "left_after", keys, time == since)
        if since >= 0:
            now = paired & (time == since)
            then = before & np.isin(since_start.targets.unit, since_start.targets.unit[now])
            late = dict(zip(since_start.targets.unit[now], since_start.weight[now], strict=True))
            weight = np.array([late.get(u, 0.0) for u in since_start.targets.unit])
            amount = np.where(now, weight, 0.0) - np.where(then, weight, 0.0)
            yield Asked(term="faded", keys=keys, found=averaged(since_start, amount, np.where(now, weight, 0.0)))
    for since in np.unique(going_on.targets.time):
        yield _mean(going_on, "stopping", {"since_end": int(since)}, going_on.targets.time == since)


def dose_terms(doses: Doses, found: Differences, full: float | None) -> Iterator[Asked]:
    """Average by dose at the start while it stays as it is, and set full doses against lower ones.

    Notes
    -----
    Either group's mean takes the times since the start that both reach, each time counting alike, so that the
    difference is not one of times.
    """
    at = np.minimum(doses.first, doses.n_periods - 1)
    start = np.where(doses.begins, doses.dose[np.arange(len(at)), at], np.nan)
    threshold = np.nanmax(start) if full is None and doses.begins.any() else full
    high = start[found.targets.unit] >= (np.inf if threshold is None else threshold)
    alike = _unbroken(doses, found.targets, alike=True)
    paths: dict[str, dict[int, Term]] = {PART: {}, FULL: {}}
    reasons: dict[str, str] = dict.fromkeys(paths, "no unit starts with such a dose")
    for name, group in ((PART, alike & ~high), (FULL, alike & high)):
        for time in np.unique(found.targets.time[group]):
            each = _mean(
                found, "dose_path", {"dose_group": name, "event_time": int(time)}, group & (found.targets.time == time)
            )
            yield each
            if isinstance(each.found, Term):
                paths[name][int(time)] = each.found
            else:
                reasons[name] = each.found
    yield from _compared_doses(doses, found, (alike & ~high, alike & high), paths, reasons)


def _compared_doses(
    doses: Doses,
    found: Differences,
    groups: tuple[np.ndarray, np.ndarray],
    paths: dict[str, dict[int, Term]],
    reasons: dict[str, str],
) -> Iterator[Asked]:
    shared = sorted(set(paths[PART]) & set(paths[FULL]))
    means: dict[str, Term] = {}
    for name, path in paths.items():
        times = shared or sorted(path)
        if path:
            means[name] = combined([path[t] for t in times], [1 / len(times)] * len(times))
        yield Asked(term="dose_group", keys={"dose_group": name}, found=means.get(name, reasons[name]))
    why = next(
        (reasons[name] for name in paths if not paths[name]), "the two are seen at no time since the start alike"
    )
    if not shared:
        for term in ("full_less_part", "full_less_part_per_dose"):
            yield Asked(term=term, keys={}, found=why)
        return
    part, full = means[PART], means[FULL]
    yield Asked(term="full_less_part", keys={}, found=combined([full, part], [1, -1], apart=True))
    taken = doses.dose[found.targets.unit, found.targets.at] - doses.baseline[found.targets.unit]
    known = ~np.isnan(found.value)
    sizes = [float(np.average(taken[g & known], weights=found.weight[g & known])) for g in groups]
    weights = [1 / sizes[1], -1 / sizes[0]]
    yield Asked(term="full_less_part_per_dose", keys={}, found=combined([full, part], weights, apart=True))
