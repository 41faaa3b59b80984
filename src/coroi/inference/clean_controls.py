"""One local projection of a roll-out: newly treated units beside others that stay untreated until the horizon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from coroi.inference.linear import least_squares, sum_by
from coroi.inference.panels import shifted
from coroi.inference.roll_outs import NEVER, RollOut
from coroi.inference.within import sweep

Weighting = Literal["equal", "variance"]
Compared = Literal["not_yet", "never"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projected:
    """The effect at one horizon, or over some.

    Parameters
    ----------
    estimate : float
        NaN where there is none.
    moved : ndarray, shape (n_clusters,)
        Influence of each cluster.
    reason : str
        Why there is none; empty where there is one.
    treats, compares : ndarray of bool, shape (n_clusters,)
        Clusters of newly treated rows, and of rows that they are compared with.
    n_treated, n_compared : int
        Newly treated rows, one a unit, and clean rows of the same periods.
    n_obs : int
        Rows in the regression.
    """

    estimate: float
    moved: np.ndarray
    reason: str
    treats: np.ndarray
    compares: np.ndarray
    n_treated: int
    n_compared: int
    n_obs: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projections:
    """What the projections of a roll-out share.

    Parameters
    ----------
    roll_out : RollOut
    covariates : ndarray, shape (n_rows, p)
        Of the row's base period; NaN where unknown.
    weighting : str
        ``equal``: every newly treated unit counts alike; ``variance``: as least squares weigh starts.
    compared_with : str
        ``not_yet`` or ``never``.
    corrected : bool
        Whether each row's score is made larger by the root of 1 / (1 − leverage).
    """

    roll_out: RollOut
    covariates: np.ndarray
    weighting: Weighting
    compared_with: Compared
    corrected: bool

    @property
    def start(self) -> np.ndarray:
        """Period from which each row's unit may be affected."""
        return np.where(self.roll_out.ever, self.roll_out.first - self.roll_out.anticipation, NEVER)

    @property
    def newly(self) -> np.ndarray:
        """Whether the unit may be affected from the row's period on."""
        return self.roll_out.period == self.start

    def change(self, event_time: int) -> np.ndarray:
        """Return the outcome at an event time, if the unit started now, less that of the base period."""
        r, ahead = self.roll_out, event_time + self.roll_out.anticipation
        later = shifted(r.outcome, r.entity, r.period, -ahead)
        return np.asarray(later - shifted(r.outcome, r.entity, r.period, 1))

    def clean(self, event_time: int) -> np.ndarray:
        """Return whether the unit stays untreated until the event time, and is so now."""
        if self.compared_with == "never":
            return self.start == NEVER
        ahead = max(event_time + self.roll_out.anticipation, 0)
        return self.start > self.roll_out.period + ahead

    def project(self, change: np.ndarray, until: int, treated: np.ndarray, *, alone: bool = False) -> Projected:
        """Regress a change on being newly treated and on the period.

        Parameters
        ----------
        change : ndarray, shape (n_rows,)
            Of the outcome; NaN where it is not seen.
        until : int
            Event time until which compared units have to stay untreated.
        treated : ndarray of bool, shape (n_rows,)
            Rows of the newly treated that are looked at.
        alone : bool
            Whether periods without any of them are left out; elsewhere they help to tell what covariates do.

        Returns
        -------
        Projected
        """
        sample = self._sample(change, until, treated, alone)
        found = self._counted(sample, bool((treated & ~np.isnan(change)).any()))
        if found.reason:
            return found
        rows, when, weight = sample.rows, sample.when, sample.weight
        columns = np.column_stack([sample.one.astype(float), self.covariates[rows], change[rows]])
        swept = sweep(columns, when, when, effects="period", weight=weight).values
        fit = least_squares(swept[:, :-1], swept[:, -1], weight)
        if not fit.kept[0]:
            return replace(found, reason="nothing tells the newly treated from the others")
        scores = fit.scores
        if self.corrected:
            scores = scores * _grown(swept[:, :-1][:, fit.kept], fit.bread, weight, when)[:, None]
        sums = sum_by(scores, self.roll_out.cluster[rows]) @ fit.bread[:, 0]
        moved = np.zeros_like(found.moved)
        moved[: len(sums)] = sums
        return replace(found, estimate=float(fit.coef[0]), moved=moved)

    def _sample(self, change: np.ndarray, until: int, treated: np.ndarray, alone: bool) -> _Sample:
        """Return the rows of a projection, and their weight."""
        r = self.roll_out
        known = ~np.isnan(change) & ~np.isnan(self.covariates).any(axis=1)
        if alone:
            known &= np.isin(r.period, r.period[treated])
        rows = np.flatnonzero(known & (treated | self.clean(until)))
        one, weight = treated[rows], r.weight[rows]
        periods, when = np.unique(r.period[rows], return_inverse=True)
        clean = np.bincount(when, weights=weight * ~one, minlength=len(periods))
        if self.weighting == "equal":
            whole = np.bincount(when, weights=weight, minlength=len(periods))
            some = clean[when] > 0  # a period without clean rows tells nothing
            weight = (weight * whole[when] / np.where(clean > 0, clean, 1.0)[when])[some]
            rows, one = rows[some], one[some]
        when = np.unique(r.period[rows], return_inverse=True)[1]
        beside = np.bincount(when, weights=~one)[when] > 0 if rows.size else one
        near = np.bincount(when, weights=one)[when] > 0 if rows.size else one
        return _Sample(rows=rows, one=one, when=when, weight=weight, usable=one & beside, compared=~one & near)

    def _counted(self, sample: _Sample, seen: bool) -> Projected:
        """Return who is in a sample, and why it tells nothing, if so."""
        n, cluster = len(self.roll_out.cluster_names), self.roll_out.cluster[sample.rows]
        return Projected(
            estimate=float("nan"),
            moved=np.zeros(n),
            reason=_hindrance(seen, bool(sample.usable.any())),
            treats=np.bincount(cluster[sample.usable], minlength=n) > 0,
            compares=np.bincount(cluster[sample.compared], minlength=n) > 0,
            n_treated=int(sample.usable.sum()),
            n_compared=int(sample.compared.sum()),
            n_obs=len(sample.rows),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sample:
    """Rows of a projection: the newly treated, their period's code, and who of either side has the other beside."""

    rows: np.ndarray
    one: np.ndarray
    when: np.ndarray
    weight: np.ndarray
    usable: np.ndarray
    compared: np.ndarray


def _hindrance(seen: bool, usable: bool) -> str:
    if not seen:
        return "no unit is seen both in its base period and at this time"
    return "" if usable else "nobody stays untreated until then to compare with"


def _grown(design: np.ndarray, bread: np.ndarray, weight: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Return what each residual is multiplied by: its row's leverage takes that much of it."""
    own = weight * np.einsum("ij,jk,ik->i", design, bread, design)
    leverage = own + weight / np.bincount(when, weights=weight)[when]
    return np.where(leverage < 1 - 1e-9, 1 / np.sqrt(np.clip(1 - leverage, 1e-9, None)), 1.0)
