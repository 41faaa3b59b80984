"""What an interrupted series has to stand: starts that never were, long memory, a series beside it that moves too."""

from __future__ import annotations

import numpy as np

from coroi.inference.remembering import Remembering
from coroi.inference.segments import FEWEST_AFTER, FEWEST_BEFORE, Segments, hindrance
from coroi.results import Check

LONG_MEMORY, MOST_DATES = 0.8, 12


def series_checks(
    series: Segments, found: Remembering | None, why: str, control: str | None, beside: Remembering | None
) -> tuple[Check, ...]:
    """Say what the series stands on, and test what can be tested.

    Parameters
    ----------
    series : Segments
        What was fitted: the outcome, or its difference from the series beside it.
    found : Remembering, optional
        Its fit; none where it was refused.
    why : str
        Why it was refused.
    control : str, optional
        Name of the series beside it.
    beside : Remembering, optional
        Fit of that series alone.

    Returns
    -------
    tuple of Check
    """
    alone = (
        "No series stands beside it: whatever else began with the start counts as effect, which no test can tell. "
        "Grade D at most."
    )
    with_one = (
        "A series stands beside it: whatever else began with the start is taken out where it moved both alike, which "
        "no test can tell. Grade C at most."
    )
    tested = {
        "comparison": "whether a series that was not treated stands beside it",
        "placebo dates": "whether earlier starts, which never were, show no effect (Bonferroni)",
        "memory": f"whether shocks fade (autocorrelation below {LONG_MEMORY} with 95 %)",
        "series beside": "whether the series beside it goes on as before from the start on",
    }
    said: dict[str, tuple[bool | None, str]] = {"comparison": (control is not None, with_one if control else alone)}
    if found is None:
        said |= dict.fromkeys(("placebo dates", "memory", "series beside"), (None, f"Not tested: {why}."))
    else:
        said |= {"placebo dates": _placebo_dates(series), "memory": _memory(found)}
        said["series beside"] = _went_on(series, beside, control)
    return tuple(Check(name=n, tested=tested[n], passed=p, sentence=s) for n, (p, s) in said.items())


def _placebo_dates(series: Segments) -> tuple[bool | None, str]:
    early = series.period[~series.after]
    least = max(FEWEST_BEFORE, 2 * series.season if series.season > 1 else 0)
    possible = early[least : len(early) - FEWEST_AFTER + 1]
    if not len(possible):
        return None, f"Not tested: {len(early)} periods before the start are too few to pretend an earlier one."
    dates = possible[np.unique(np.linspace(0, len(possible) - 1, MOST_DATES).astype(int))]
    found = []
    for date in dates:
        kept = ~series.after
        part = Segments(outcome=series.outcome[kept], period=series.period[kept], start=int(date), season=series.season)
        if not hindrance(part):
            found.append(part.fit().p_value(part.path().mean(axis=0)))
    if not found:
        return None, "Not tested: no earlier start leaves enough periods on either side."
    least_p = min(1.0, min(found) * len(found))
    shown = "none shows an effect" if least_p >= 0.05 else "one shows an effect, where there is none"
    return bool(least_p >= 0.05), f"Of {len(found)} earlier starts, which never were, {shown} (p = {least_p:.3f})."


def _memory(found: Remembering) -> tuple[bool | None, str]:
    high = float(found.memory[np.searchsorted(np.cumsum(found.share), 0.95)])
    said = f"From one period to the next {found.mean_memory:.2f} of a shock is left, at most {high:.2f}"
    said = said.replace("-", "−")
    passed = high < LONG_MEMORY
    return passed, f"{said}." if passed else f"{said}: a trend that wanders looks like this too."


def _went_on(series: Segments, beside: Remembering | None, control: str | None) -> tuple[bool | None, str]:
    if beside is None:
        return None, "Not tested: " + ("it never varies." if control else "there is no series beside it.")
    p = beside.p_value(series.path().mean(axis=0))
    moved = "goes on as before" if p >= 0.05 else "moves as well: something else began, or the treatment reached it"
    return bool(p >= 0.05), f"From the start on the series beside it {moved} (p = {p:.3f})."
