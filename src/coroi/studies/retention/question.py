"""What the study `retention` asks, declared before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from coroi.errors import StudyError
from coroi.metrics.bands import band_labels, default_bands
from coroi.models.survival import MIN_CUSTOMERS
from coroi.prepare.landmark import (
    ANSWERED,
    NEVER,
    STALE,
    LandmarkCohort,
    contract_cohort,
    purchase_cohort,
    snapshot_cohort,
)
from coroi.report.words import points
from coroi.schemas import Period, Relationship
from coroi.sources import Metric
from coroi.studies.inputs import Inputs, choose_metric, metric_label


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked, fixed before the fit.

    Parameters
    ----------
    metric, label : str
        The metric and its name on the page.
    relationship : str
        What an exit is.
    frequency : str
        Length of a period.
    horizon : int
        Periods followed.
    bands : tuple of str
        Bands of scores, low to high; then the states without a usable answer.
    contrast : (str, str) or None
        The good end less the bad end: the outermost bands that hold enough customers.
    ladder : (str, str, str) or None
        The three best bands, worst of them first (neutral, satisfied, delighted), where each holds enough customers.
    delta : float
        Smallest difference that matters, as a share of customers.
    higher_is_better : bool
        Which end of the scale is good.
    theta : str
        The scalar in words.
    cohort : LandmarkCohort
        Whom it is asked of.
    counts : pandas.DataFrame
        ``band, duration, event, n``.
    dated : bool
        Whether answers are known to be older than the outcome.
    wait : int
        Whole periods between the first purchase's and the landmark (repeat purchase only).
    smallest_cell : int
        Smallest count of customers that may be shown.
    """

    metric: str
    label: str
    relationship: Relationship
    frequency: Period
    horizon: int
    bands: tuple[str, ...]
    contrast: tuple[str, str] | None
    ladder: tuple[str, str, str] | None
    delta: float
    higher_is_better: bool
    theta: str
    cohort: LandmarkCohort
    counts: pd.DataFrame
    dated: bool
    wait: int = 1
    smallest_cell: int = 10

    @property
    def counted(self) -> Literal["with event", "without event"]:
        """Whether the share that is reported has the event or not."""
        return "with event" if self.relationship == "repeat_purchase" else "without event"

    @property
    def happened(self) -> str:
        """Say what customers with the event did."""
        return "bought again" if self.relationship == "repeat_purchase" else "left"

    @property
    def better(self) -> str:
        """Say which scores are better: "higher NPS", "lower service calls"."""
        return f"{'higher' if self.higher_is_better else 'lower'} {self.label}"

    @property
    def smallest(self) -> str:
        """Write the smallest difference that matters: "1 percentage point"."""
        digits = f"{100 * self.delta:.6f}".rstrip("0").partition(".")[2]
        return points(self.delta, len(digits))

    @property
    def score_bands(self) -> tuple[str, ...]:
        """The bands of customers with a usable answer."""
        return tuple(b for b in self.bands if b not in (NEVER, STALE))


def ask(inputs: Inputs, *, metric: str = "", horizon: int = 0, landmark: str = "", wait: int = 1) -> Question:
    """Fix the cohort, the bands, the contrast and the smallest effect before anything is fitted.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric : str
        Empty for the plan's first.
    horizon : int
        Periods; 0 for the plan's.
    landmark : str
        First day of a period (contracts only); empty for the latest that leaves a full horizon.
    wait : int
        Whole periods between first purchase and landmark (repeat purchase only).

    Raises
    ------
    StudyError
        If the metric is unknown, the landmark is no date, or there is neither panel nor snapshot.
    """
    plan = inputs.plan
    name = choose_metric(inputs, metric)
    spec = plan.metrics[name]
    periods = horizon or plan.horizon
    relationship = plan.relationship_or_default
    cohort = _cohort(inputs, relationship, name, periods, _landmark(landmark), wait)
    counts, labels = _banded(cohort.counts, spec)
    contrast = _contrast(counts, labels, spec)
    bands = labels + tuple(s for s in (NEVER, STALE) if (cohort.counts["state"] == s).any())
    label = metric_label(plan, name)
    return Question(
        metric=name,
        label=label,
        relationship=relationship,
        frequency=plan.period,
        horizon=cohort.horizon,
        bands=bands,
        contrast=contrast,
        ladder=_ladder(counts, labels, spec),
        delta=plan.smallest_effect,
        higher_is_better=spec.higher_is == "better",
        theta=_theta(relationship, label, contrast),
        cohort=cohort,
        counts=counts,
        dated=relationship != "snapshot" or _dated(inputs),
        wait=wait,
        smallest_cell=plan.privacy.smallest_cell,
    )


def _landmark(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise StudyError(f"landmark: '{text}' is no date. Write it as 2024-01-01, or leave it empty.") from error


def _cohort(
    inputs: Inputs, relationship: Relationship, metric: str, horizon: int, landmark: date | None, wait: int
) -> LandmarkCohort:
    if relationship == "snapshot":
        if "snapshot" not in inputs.tables:
            raise StudyError("Nothing tells who stays: map contracts, purchases or a snapshot.")
        if metric not in inputs.tables["snapshot"].columns:
            raise StudyError(f"The snapshot holds no scores of '{metric}'. Map its column under `scores`.")
        return snapshot_cohort(inputs.connection, inputs.tables["snapshot"], metric)
    if inputs.panel is None:
        raise StudyError("There is no panel: the plan has neither contracts nor purchases that can be used.")
    if relationship == "contract":
        return contract_cohort(inputs.connection, inputs.panel, metric, horizon=horizon, landmark=landmark)
    return purchase_cohort(inputs.connection, inputs.panel, metric, horizon=horizon, wait=wait)


def _banded(counts: pd.DataFrame, metric: Metric) -> tuple[pd.DataFrame, tuple[str, ...]]:
    edges, labels = metric.bands or default_bands(metric), band_labels(metric)
    answered = (counts["state"] == ANSWERED).to_numpy(bool)
    at = np.searchsorted(np.asarray(edges, float), counts["score"].to_numpy(float), side="left")
    named = np.asarray(labels, dtype=object)[np.minimum(at, len(labels) - 1)]
    banded = counts.assign(band=np.where(answered, named, counts["state"]))
    summed = banded.groupby(["band", "duration", "event"], as_index=False)["n"].sum()
    return summed.astype({"band": str}), tuple(labels)


def _contrast(counts: pd.DataFrame, labels: Sequence[str], metric: Metric) -> tuple[str, str] | None:
    sizes = counts.groupby("band")["n"].sum()
    held = [b for b in labels if sizes.get(b, 0) >= MIN_CUSTOMERS]
    if len(held) < 2:
        return None
    low, high = held[0], held[-1]
    return (high, low) if metric.higher_is == "better" else (low, high)


def _ladder(counts: pd.DataFrame, labels: Sequence[str], metric: Metric) -> tuple[str, str, str] | None:
    """Return the three best bands from neutral to delighted; the cut-points are the metric's, set before any look."""
    better = list(labels) if metric.higher_is == "better" else list(labels)[::-1]
    sizes = counts.groupby("band")["n"].sum()
    if len(better) < 3 or any(sizes.get(b, 0) < MIN_CUSTOMERS for b in better[-3:]):
        return None
    neutral, satisfied, delighted = better[-3:]
    return neutral, satisfied, delighted


def _theta(relationship: Relationship, label: str, contrast: tuple[str, str] | None) -> str:
    share = "share that buys again" if relationship == "repeat_purchase" else "share that stays"
    ends = f"{contrast[0]} less {contrast[1]}" if contrast else "best band less worst band"
    return f"{share}, {label} {ends}, as a share of customers"


def _dated(inputs: Inputs) -> bool:
    snapshot = inputs.tables["snapshot"]
    given = [snapshot[c].notnull().any() for c in ("answered_at", "as_of")]
    return all(bool(inputs.connection.execute(g)) for g in given)
