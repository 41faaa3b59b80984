"""What one more point goes with: the hazard of leaving on the score, and what it makes at the horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from coroi.inference.binary import Link
from coroi.inference.design import Term
from coroi.metrics.bands import band_labels, default_bands
from coroi.models.hazard import fit_hazard, predict_retention
from coroi.prepare.cells import PanelCells, panel_cells, reduce_rows
from coroi.prepare.landmark import ANSWERED
from coroi.prepare.profiles import MOST_STEPS, cohort_rows, profiles_ahead
from coroi.results import Result
from coroi.sources import Metric
from coroi.studies.inputs import Inputs
from coroi.studies.labels import group_labels
from coroi.studies.retention.answer import leak_check, leak_words
from coroi.studies.retention.question import Question

NOW, BETTER = "as it is", "one step better"
_SNAPSHOT_MONTHS = (1, 3, 6, 12, 24, 36, 60)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointEffect:
    """The fitted hazard and what it says of one step on the scale.

    Parameters
    ----------
    hazard : Result or None
        Log hazard (or odds) ratios; ``None`` where there is no cohort, or the metric leaks.
    by_band : Result or None
        Predicted share still there at the horizon by band, the score held where it was.
    step : Result or None
        The share as it is, with the score one step better for all who answered, and the difference.
    size : float
        The step on the metric's scale.
    life_table : pandas.DataFrame
        ``tenure_periods, n, events``.
    tenure_bands : tuple of (int, str)
        First period and name of each tenure band.
    n_answered : int
        Customers that the step is about.
    revenue : float
        Mean revenue of a customer and period at risk; NaN where there is none.
    level : float
        Level of the intervals.
    off_schedule : int or None
        Exits outside a term's end, where the plan has exits at renewal.
    reason : str
        Why there is nothing to show.
    segments : Mapping of str to (str or None)
        What to call each segment on a page; ``None``: it has too few customers to be named.
    few : frozenset of str
        Terms of which so few left, or did not, that their ratio would tell how many.
    """

    hazard: Result | None
    by_band: Result | None
    step: Result | None
    size: float
    life_table: pd.DataFrame
    tenure_bands: tuple[tuple[int, str], ...]
    n_answered: int
    revenue: float
    level: float = 0.95
    off_schedule: int | None = None
    reason: str = ""
    segments: Mapping[str, str | None] = field(default_factory=dict)
    few: frozenset[str] = frozenset()


def fit_point(
    inputs: Inputs,
    question: Question,
    *,
    link: Literal["usual", "cloglog", "logit"] = "usual",
    level: float = 0.95,
) -> PointEffect:
    """Fit the hazard on the score, tenure and segment, and predict what one step on the scale goes with.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    question : Question
        From :func:`coroi.studies.retention.ask`.
    link : str
        ``usual`` is the complementary log-log over time and the logit on a snapshot.
    level : float
        Level of the intervals.
    """
    metric = inputs.plan.metrics[question.metric]
    size = step_size(metric)
    labels = group_labels(inputs.connection, inputs.tables, "segment", inputs.plan.privacy.smallest_cell)
    nothing = partial(_nothing, size=size, level=level, labels=labels)
    if question.cohort.reason:
        return nothing(question.cohort.reason)
    renewal = inputs.plan.exits_at == "renewal" and question.relationship == "contract"
    if renewal and question.horizon > MOST_STEPS:
        return nothing(f"with exits at renewal the horizon has to be at most {MOST_STEPS} periods")
    cells = _cells(inputs, question, renewal)
    if cells.n_rows == 0:
        return nothing("nobody is at risk")
    if leak_check(question).passed is False:
        return nothing(leak_words(question), cells=cells)
    usual: Link = "logit" if question.relationship == "snapshot" else "cloglog"
    chosen = usual if link == "usual" else link
    hazard = fit_hazard(cells, terms=_terms(cells, metric), link=chosen, level=level)
    panel = inputs.panel if question.relationship == "contract" else None
    ahead = profiles_ahead(inputs.connection, question.cohort, cells, panel=panel, at_renewal=renewal)
    state = ahead["state"].to_numpy(object)
    ahead = ahead.assign(band=np.where(state == ANSWERED, _band(ahead["score"], metric), state))
    answered = ahead[state == ANSWERED]
    n = int(answered.loc[answered["step"] == 0, "customers"].sum())
    if not n:
        return nothing("no customer had a usable answer", hazard=hazard, cells=cells)
    if not answered["at_risk"].any():
        return nothing("no term of a customer with a usable answer ends within the horizon", hazard=hazard, cells=cells)
    return PointEffect(
        hazard=hazard,
        by_band=predict_retention(hazard, ahead, groups="band", level=level),
        step=predict_retention(
            hazard, _one_better(answered, metric, size), groups="group", contrast=(BETTER, NOW), level=level
        ),
        size=size,
        life_table=cells.by_tenure,
        tenure_bands=_bands_of(cells),
        n_answered=n,
        revenue=_mean_revenue(inputs, question),
        level=level,
        off_schedule=_off_schedule(inputs) if renewal else None,
        segments=labels,
        few=few_terms(cells, hazard, inputs.plan.privacy.smallest_cell),
    )


def few_terms(cells: PanelCells, hazard: Result, smallest: int) -> frozenset[str]:
    """Return the terms of which few had the event, or few had not: the width of their ratios tells how many.

    Parameters
    ----------
    cells : PanelCells
        Rows at risk by level.
    hazard : Result
        Fitted on them; names the level that the others are set against.
    smallest : int
        Smallest count that may be shown.

    Returns
    -------
    frozenset of str
        Names as ``tenure[0–2]``; all levels of a term whose reference is among them; and ``score`` where
        those who answered are.

    Notes
    -----
    The variance of a log ratio is about one over the events of the level and one over those of its reference.
    """
    sums = {name: np.zeros((2, len(levels))) for name, levels in cells.levels.items()}
    for block in cells.blocks() if smallest > 1 else ():
        for name, total in sums.items():
            codes = block.covariates[name].to_numpy(int)
            for row, count in enumerate((block.events, block.n - block.events)):
                total[row] += np.bincount(codes, count, minlength=total.shape[1])
    found: set[str] = set()
    against = {t["name"]: t["reference"] for t in hazard.spec["terms"]}  # type: ignore[attr-defined]
    for name, levels in cells.levels.items():
        few = np.asarray(((sums[name] > 0) & (sums[name] < smallest)).any(axis=0))
        every = against[name] in levels and few[levels.index(against[name])]
        found |= {f"{name}[{level}]" for level, hide in zip(levels, few, strict=True) if hide or every}
        if name == "state" and ANSWERED in levels and few[levels.index(ANSWERED)]:
            found.add("score")
    return frozenset(found)


def _off_schedule(inputs: Inputs) -> int:
    """Count exits in periods in which no term ends: with exits at renewal the hazard does not hold them."""
    assert inputs.panel is not None
    data = inputs.panel.data
    return int(inputs.connection.execute(data.filter(data["exited"] & ~data["at_renewal"]).count()))


def step_size(metric: Metric) -> float:
    """Return one point on a short scale, and a tenth of a longer one."""
    width = metric.scale[1] - metric.scale[0]
    return 1.0 if 1 <= width <= 10 else width / 10


def _cells(inputs: Inputs, question: Question, renewal: bool) -> PanelCells:
    if question.relationship == "contract":
        assert inputs.panel is not None
        return panel_cells(inputs.connection, inputs.panel, question.metric, at_renewal=renewal)
    rows = cohort_rows(question.cohort)
    edges = _SNAPSHOT_MONTHS if question.relationship == "snapshot" else range(1, question.horizon)
    return reduce_rows(inputs.connection, rows, list(edges))


def _terms(cells: PanelCells, metric: Metric) -> list[Term]:
    score = Term("score", centre=sum(metric.scale) / 2)
    return [score, *(Term(name, levels) for name, levels in cells.levels.items())]


def _band(score: pd.Series, metric: Metric) -> np.ndarray:
    labels = np.asarray(band_labels(metric), dtype=object)
    at = np.searchsorted(np.asarray(default_bands(metric), float), score.to_numpy(float), side="left")
    return labels[np.minimum(at, len(labels) - 1)]


def _one_better(answered: pd.DataFrame, metric: Metric, size: float) -> pd.DataFrame:
    """Return everybody as they are and with the score one step better, never beyond the scale's good end."""
    up = size if metric.higher_is == "better" else -size
    moved = (answered["score"] + up).clip(*metric.scale)
    better = answered.assign(score=moved, profile=answered["profile"] + answered["profile"].max() + 1, group=BETTER)
    return pd.concat([answered.assign(group=NOW), better], ignore_index=True)


def _mean_revenue(inputs: Inputs, question: Question) -> float:
    value: Any = None
    if question.relationship == "snapshot":
        snapshot = inputs.tables["snapshot"]
        value = inputs.connection.execute(snapshot["revenue"].mean())
    elif inputs.panel is not None:
        data = inputs.panel.data
        rows = (
            data.filter(data["at_risk"])
            if question.relationship == "contract"
            else data.filter(data["n_transactions"] > 0)
        )
        value = inputs.connection.execute(rows["revenue"].mean())
    return float("nan") if value is None else float(value)


def _bands_of(cells: PanelCells) -> tuple[tuple[int, str], ...]:
    return tuple(zip(cells.coding.tenure_starts, cells.levels["tenure"], strict=False))


def _nothing(
    reason: str,
    *,
    size: float,
    level: float,
    labels: Mapping[str, str | None],
    hazard: Result | None = None,
    cells: PanelCells | None = None,
) -> PointEffect:
    empty = pd.DataFrame({"tenure_periods": [], "n": [], "events": []})
    return PointEffect(
        hazard=hazard,
        by_band=None,
        step=None,
        size=size,
        life_table=empty if cells is None else cells.by_tenure,
        tenure_bands=() if cells is None else _bands_of(cells),
        n_answered=0,
        revenue=float("nan"),
        level=level,
        reason=reason,
        segments=labels,
    )
