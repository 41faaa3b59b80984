"""What a two-stage fit can bear: units and periods with too few untreated rows left out, and what that loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from coroi.inference.imputed import impute
from coroi.inference.roll_outs import RollOut

LEAST_UNTREATED = 2
"""Untreated rows that a unit and a period need for an effect of their own in the first stage."""
UNTREATED = -(10**6)
"""Time since the start that stands for an untreated row: the reference of the second stage."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bearable:
    """Rows that a two-stage fit takes.

    Parameters
    ----------
    kept : ndarray of bool, shape (n,)
    left_out : pandas.DataFrame
        ``what, n_rows, n_entities, reason``.
    lost : pandas.DataFrame
        Cells of which treated rows were left out: ``cohort, period, n_units``.
    """

    kept: np.ndarray
    left_out: pd.DataFrame
    lost: pd.DataFrame


def bearable(roll_out: RollOut) -> Bearable:
    """Leave out units and periods with fewer than two untreated rows, and rows that no untreated row reaches.

    Parameters
    ----------
    roll_out : RollOut

    Returns
    -------
    Bearable

    Notes
    -----
    Leaving one out may take the second untreated row of another, so that it goes on until nothing is left to leave.
    """
    untreated = ~roll_out.affected
    when = np.unique(roll_out.period, return_inverse=True)[1]
    kept = np.ones(len(untreated), dtype=bool)
    few_periods, few_units = np.zeros_like(kept), np.zeros_like(kept)
    while True:
        alone_period = kept & (_untreated(when, untreated & kept) < LEAST_UNTREATED)
        alone_unit = kept & ~alone_period & (_untreated(roll_out.entity, untreated & kept) < LEAST_UNTREATED)
        if not (alone_period | alone_unit).any():
            break
        few_periods, few_units = few_periods | alone_period, few_units | alone_unit
        kept = kept & ~alone_period & ~alone_unit
    apart = np.zeros_like(kept)
    if kept.any():
        unit, time = (np.unique(code[kept], return_inverse=True)[1] for code in (roll_out.entity, when))
        found = impute(roll_out.outcome[kept], roll_out.weight[kept], unit, time, untreated[kept])
        apart[kept] = ~found.estimable
    kept = kept & ~apart
    reasons = [
        (
            few_periods,
            "periods with fewer than two untreated rows",
            "the first stage gives them no effect of their own",
        ),
        (few_units, "units with fewer than two untreated rows", "the first stage gives them no effect of their own"),
        (apart, "rows that no untreated row reaches", "no chain of untreated rows joins the unit to the period"),
    ]
    told = [
        {"what": what, "n_rows": int(out.sum()), "n_entities": len(np.unique(roll_out.entity[out])), "reason": reason}
        for out, what, reason in reasons
        if out.any()
    ]
    gone = ~kept & roll_out.affected
    cells = pd.DataFrame({"cohort": roll_out.first[gone], "period": roll_out.period[gone]})
    lost = cells.groupby(["cohort", "period"]).size().rename("n_units").reset_index()
    columns = ["what", "n_rows", "n_entities", "reason"]
    return Bearable(kept=kept, left_out=pd.DataFrame(told, columns=columns), lost=lost)


def _untreated(code: np.ndarray, untreated: np.ndarray) -> np.ndarray:
    """Count the untreated rows of each row's unit or period."""
    return np.bincount(code[untreated], minlength=int(code.max()) + 1)[code]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageRows:
    """Rows of both stages, with codes of their own.

    Parameters
    ----------
    outcome, weight : ndarray, shape (n,)
    treated : ndarray of bool, shape (n,)
        Treated, or within the periods of anticipation.
    unit, period, cluster : ndarray of int, shape (n,)
        Codes from 0, without gaps.
    time : ndarray of int, shape (n,)
        Periods since the start; ``UNTREATED`` in untreated rows.
    cluster_names : pandas.Index
        The clusters in the order of their codes.
    """

    outcome: np.ndarray
    weight: np.ndarray
    treated: np.ndarray
    unit: np.ndarray
    period: np.ndarray
    cluster: np.ndarray
    time: np.ndarray
    cluster_names: pd.Index

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(np.unique(self.unit))

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.cluster_names)


def stage_rows(roll_out: RollOut, kept: np.ndarray) -> StageRows:
    """Take some rows of a roll-out for both stages."""
    codes = {
        name: np.asarray(np.unique(values[kept], return_inverse=True)[1])
        for name, values in (("unit", roll_out.entity), ("period", roll_out.period), ("cluster", roll_out.cluster))
    }
    treated = roll_out.affected[kept]
    return StageRows(
        outcome=roll_out.outcome[kept],
        weight=roll_out.weight[kept],
        treated=treated,
        time=np.where(treated, np.nan_to_num(roll_out.event_time[kept]), UNTREATED).astype(int),
        cluster_names=roll_out.cluster_names[np.unique(roll_out.cluster[kept])],
        **codes,
    )


def stage_influence(rows: StageRows, times: Sequence[int]) -> pd.DataFrame:
    """Return each cluster's influence on the effects by time and on their mean over all treated rows.

    Parameters
    ----------
    rows : StageRows
    times : sequence of int
        Periods since the start.

    Returns
    -------
    pandas.DataFrame, shape (n_clusters, n_times + 1)
        Columns ``event_time: h`` and ``overall``; squares summed over clusters are the variances of the reference.

    Notes
    -----
    A cluster's part of the second stage's moment, less its part of the first stage's as the second one loads on it.
    Reference: Butts and Gardner (2022), The R Journal 14/3:162-173, section 2.
    """
    found = impute(rows.outcome, rows.weight, rows.unit, rows.period, ~rows.treated)
    parts = []
    for masks in ([rows.time == time for time in times], [rows.treated]):
        weights = np.stack([np.where(mask, rows.weight, 0.0) / rows.weight[mask].sum() for mask in masks], axis=1)
        left = np.where(rows.treated, found.left, 0.0)
        own = np.where(rows.treated, left - (weights > 0) @ (weights.T @ left), 0.0)
        parts.append(found.scores(sparse.csr_array(weights), own, rows.cluster)[0])
    names = [*(f"event_time: {time}" for time in times), "overall"]
    return pd.DataFrame(np.hstack(parts), index=rows.cluster_names, columns=names)
