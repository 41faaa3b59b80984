"""A line that jumps and turns at a start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.inference.remembering import Remembering, fit_remembering

FEWEST_BEFORE, FEWEST_AFTER = 8, 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """A series before and after a start.

    Parameters
    ----------
    outcome : ndarray, shape (T,)
    period : ndarray of int, shape (T,)
        Rising; a number left out is a gap.
    start : int
        First period that counts as after.
    season : int
        Periods a year, 1 for none.
    """

    outcome: np.ndarray
    period: np.ndarray
    start: int
    season: int

    @property
    def after(self) -> np.ndarray:
        """Whether a period lies at the start or later."""
        return self.period >= self.start

    def design(self) -> np.ndarray:
        """Return constant, trend, jump, turn, and the seasons less the first."""
        time = (self.period - self.start).astype(float)
        seasons = (self.period % self.season)[:, None] == np.arange(1, self.season)
        return np.column_stack([np.ones(len(time)), time, self.after, time * self.after, seasons]).astype(float)

    def fit(self) -> Remembering:
        """Regress the series on its design."""
        return fit_remembering(self.design(), self.outcome, self.period)

    def path(self) -> np.ndarray:
        """Return the weights of jump and turn in each period since the start, shape (n_after, p)."""
        times = self.period[self.after] - self.start
        weights = np.zeros((len(times), 3 + self.season))
        weights[:, 2], weights[:, 3] = 1.0, times
        return weights


def hindrance(series: Segments) -> str:
    """Say why nothing is identified; empty where something is."""
    before, after = int((~series.after).sum()), int(series.after.sum())
    for found, fewest, where in ((before, FEWEST_BEFORE, "before the start"), (after, FEWEST_AFTER, "from it on")):
        if found < fewest:
            return f"there are {found} periods {where}, and {fewest} are the fewest that tell a trend"
    if series.season > 1 and before < 2 * series.season:
        return f"there are {before} periods before the start, and two years of seasons are {2 * series.season}"
    design = series.design()
    if np.linalg.matrix_rank(design) < design.shape[1] or len(design) - design.shape[1] < 3:
        return "some season is never seen, or there are too few periods for so many"
    fitted = design @ np.linalg.lstsq(design, series.outcome, rcond=None)[0]
    if np.abs(series.outcome - fitted).max() <= 1e-9 * max(np.abs(series.outcome).max(), 1e-300):
        return "the series lies on its line without any chance, so nothing tells how sure that is"
    return ""
