"""Answers with money beside them, and which of the corrections these data can bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.autopsy_refusals import (
    AutopsyColumns,
    band_clusters,
    hindrance,
    impossible,
    no_variation,
    too_few,
    unfitted,
)
from coroi.inference.columns import standard_columns
from coroi.inference.corrections import (
    CORRECTIONS,
    NON_RESPONSE,
    REVERSE,
    SORTING,
    TO_MEAN,
    Answers,
    Specification,
    specify,
)
from coroi.inference.orders import subsets
from coroi.inference.panels import PanelRows, cluster_codes, read_panel
from coroi.inference.totals import check_weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AutopsyRows:
    """The figure on all answers, and every specification on those that have what all of them take.

    Parameters
    ----------
    asked, active : tuple of str
        Corrections in the order in which they are shown; those that are possible.
    refused : dict of str to str
        Why a correction is not.
    slide : Specification or None
        Nothing corrected, on all answers with an outcome.
    specifications : tuple of Specification
        By subset of the active corrections, as :func:`coroi.inference.orders.subsets` numbers them.
    answers : Answers
        The rows of the specifications, g clusters.
    units : pandas.Index
        Clusters of all answers.
    at : ndarray of int, shape (g,)
        Place of the specifications' clusters among them.
    n_all : int
        Answers with an outcome.
    n_entities : int
        Customers in the specifications.
    band_clusters : (int, int)
        Clusters with a promoter's answer and with a detractor's in the specifications.
    flow : pandas.DataFrame
        ``what, n``: rows used and left out.
    reason : str
        Why nothing is told; empty where something is.
    """

    asked: tuple[str, ...]
    active: tuple[str, ...]
    refused: dict[str, str]
    slide: Specification | None
    specifications: tuple[Specification, ...]
    answers: Answers
    units: pd.Index
    at: np.ndarray
    n_all: int
    n_entities: int
    band_clusters: tuple[int, int]
    flow: pd.DataFrame
    reason: str

    def spread(self, moved: np.ndarray) -> np.ndarray:
        """Return influence by cluster of the specifications for the clusters of all answers."""
        whole = np.zeros((len(self.units), *moved.shape[1:]))
        whole[self.at] = moved
        return whole


def read_autopsy(
    data: pd.DataFrame,
    names: AutopsyColumns,
    *,
    corrections: tuple[str, ...],
    entity: str,
    period: str,
    cluster: str | None,
    least_share: float,
) -> AutopsyRows:
    """Check the columns, find which corrections are possible, and fit every specification on the same rows.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    names : AutopsyColumns
    corrections : tuple of str
        Those asked for, in the order in which they are shown.
    entity, period : str
        Columns of who and when.
    cluster : str, optional
        The entity by default.
    least_share : float
        Share of answers that must have what a correction takes, or it is refused.

    Raises
    ------
    DataError
        If columns or keys are missing, a key repeats, a weight is below zero, or no answer has an outcome.
    """
    columns = [names.outcome, names.metric, *(c for each in CORRECTIONS for c in names.needs(each))]
    panel = read_panel(data, [*columns, *([cluster] if cluster else [])], entity=entity, period=period)
    answered = panel.frame[[names.outcome, names.metric]].notna().all(axis=1).to_numpy()
    if not answered.any():
        raise DataError(f"no row has both '{names.metric}' and '{names.outcome}'.")
    base = panel.keep(answered)
    _check_weight(base.frame, names.weight)
    codes, units = cluster_codes(base, cluster)
    present = {c: base.frame[list(names.needs(c))].notna().all(axis=1).to_numpy() for c in corrections}
    refused = {c: hindrance(c, names, present[c], least_share) for c in corrections}
    everything = _answers(base, names, codes, (), np.ones(len(codes), dtype=bool))
    slide = specify(everything, ()) if too_few(everything) == "" else None
    while True:
        active = tuple(c for c in corrections if not refused[c])
        used = np.logical_and.reduce([np.ones(len(codes), dtype=bool), *(present[c] for c in active)])
        answers = _answers(base, names, codes, active, used)
        reason = too_few(everything) or too_few(answers) or no_variation(answers.outcome)
        found = {} if reason else impossible(answers, active)
        fitted = {} if reason or found else _all(answers, active)
        found = found or unfitted(fitted)
        if not found:
            break
        refused |= found
    return AutopsyRows(
        asked=corrections,
        active=active,
        refused={c: why for c, why in refused.items() if why},
        slide=slide,
        specifications=tuple(each for each in fitted.values() if each is not None),
        answers=answers,
        units=units,
        at=np.unique(codes[used]),
        n_all=len(codes),
        n_entities=int(np.unique(base.entity[used]).size),
        band_clusters=band_clusters(answers),
        flow=_flow(len(data), len(codes), used, answers),
        reason=reason,
    )


def _check_weight(frame: pd.DataFrame, weight: str | None) -> None:
    if weight is not None:
        check_weights(frame[weight].dropna().to_numpy(float))


def _answers(
    base: PanelRows, names: AutopsyColumns, codes: np.ndarray, active: tuple[str, ...], used: np.ndarray
) -> Answers:
    frame, period = base.frame[used], base.period[used]
    score = frame[names.metric].to_numpy(float)
    high = score >= names.high
    none = np.zeros((len(frame), 0))
    held = pd.concat([frame[list(names.controls)], pd.Series(period, frame.index).astype("category")], axis=1)
    return Answers(
        outcome=frame[names.outcome].to_numpy(float),
        score=score,
        high=high,
        middle=~high & (score > names.low),
        sorting=standard_columns(held) if SORTING in active else none,
        past=standard_columns(frame[list(names.past)]) if REVERSE in active else none,
        weight=frame[str(names.weight)].to_numpy(float) if NON_RESPONSE in active else None,
        earlier=frame[str(names.earlier)].to_numpy(float) if TO_MEAN in active else None,
        cluster=np.unique(codes[used], return_inverse=True)[1],
    )


def _all(answers: Answers, active: tuple[str, ...]) -> dict[frozenset[str], Specification | None]:
    """Fit every subset of the corrections, in the order of :func:`coroi.inference.orders.subsets`."""
    every = [frozenset(c for c, on in zip(active, row, strict=True) if on) for row in subsets(len(active))]
    return {on: specify(answers, on) for on in every}


def _flow(n_rows: int, n_answers: int, used: np.ndarray, answers: Answers) -> pd.DataFrame:
    n = int(used.sum())
    counted = {
        "rows handed over": n_rows,
        "left out, no score or no outcome": n_rows - n_answers,
        "left out, without what the corrections take": n_answers - n,
        "answers in every specification": n,
        "of them promoters": int(answers.high.sum()),
        "of them between": int(answers.middle.sum()),
        "of them detractors": n - int(answers.high.sum()) - int(answers.middle.sum()),
    }
    return pd.DataFrame({"what": list(counted), "n": list(counted.values())})
