"""What the estimators take of a simulated company: landmark counts, cells of the hazard, profiles, moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.customers import SEGMENTS
from coroi.inference.cells import ArrayBlock, ArrayCells
from coroi.inference.design import Term
from coroi.lab.months import ANSWER, HORIZON, NO_SCORE, Floats, Ints, Months
from coroi.metrics.bands import band_labels, default_bands
from coroi.prepare.landmark import ANSWERED
from coroi.prepare.levels import STATES, Levels, choose_levels
from coroi.sources import Metric

METRIC = Metric(scale=(0, 10))
BANDS = band_labels(METRIC)
STATES_AND_BANDS = (*BANDS, *(state for state in STATES if state != ANSWERED))
TENURE_EDGES = (1, 3, 6, 12, 24, 36, 60)  # months
NOW, BETTER = "as it is", "one point better"
TRAITS = ("periods_since_start", "revenue_per_period")
_KEYS = ["score", "state", "tenure_periods", "segment"]
_SPANS = (12, len(STATES), 600, len(SEGMENTS))  # scores and none, states, months of tenure, segments


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Customer-months at risk; every array has shape (n_rows,).

    Parameters
    ----------
    cluster : numpy.ndarray
        Number of the customer; 0 where rows are counted together.
    score, state, tenure, segment : numpy.ndarray
        What was known before the month.
    n, events : numpy.ndarray
        Customers, and how many of them left in the month.
    """

    cluster: Ints
    score: Ints
    state: Ints
    tenure: Ints
    segment: Ints
    n: Floats
    events: Floats


def landmark_counts(months: Months) -> pd.DataFrame:
    """Count the customers at the landmark: ``state, score, duration, event, n``, as the study's cohort does."""
    people = months.at_risk[:, months.landmark]
    ahead = months.exited[people, months.landmark : months.last + 1]
    event = ahead.any(axis=1)
    duration = np.where(event, ahead.argmax(axis=1) + 1, HORIZON)
    state, score = (each[people, months.landmark] for each in (months.state, months.score))
    frame = pd.DataFrame({"state": np.array(STATES, dtype=object)[state], "score": score, "duration": duration})
    frame["score"] = frame["score"].where(frame["score"] != NO_SCORE).astype(float)
    keys = ["state", "score", "duration", "event"]
    counted = frame.assign(event=event.astype(np.int64)).groupby(keys, dropna=False).size()
    return counted.rename("n").reset_index()


def band_of(state: pd.Series, score: pd.Series) -> np.ndarray:
    """Name the band of each score; who has none keeps the name of the state."""
    at = np.searchsorted(default_bands(METRIC), score.to_numpy(float), side="left")
    named = np.array(BANDS, dtype=object)[np.minimum(at, len(BANDS) - 1)]
    return np.where((state == ANSWERED).to_numpy(bool), named, state.astype(object).to_numpy())


def rows_at_risk(months: Months) -> Rows:
    """Take the customer-months at risk out of a company."""
    who, when = np.nonzero(months.at_risk)
    return Rows(
        cluster=who,
        score=months.score[who, when],
        state=months.state[who, when],
        tenure=months.tenure[who, when],
        segment=months.segment[who],
        n=np.ones(who.size),
        events=months.exited[who, when].astype(float),
    )


def pool_rows(parts: Sequence[Rows]) -> Rows:
    """Count the rows of companies together, whoever the customers are."""
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__slots__}
    key = np.ravel_multi_index(
        (joined["score"] - NO_SCORE, joined["state"], joined["tenure"], joined["segment"]), _SPANS
    )
    cells, place = np.unique(key, return_inverse=True)
    score, state, tenure, segment = np.unravel_index(cells, _SPANS)
    return Rows(
        cluster=np.zeros(cells.size, dtype=np.int64),
        score=score + NO_SCORE,
        state=state,
        tenure=tenure,
        segment=segment,
        n=np.bincount(place, joined["n"]).astype(float),
        events=np.bincount(place, joined["events"]).astype(float),
    )


def hazard_cells(rows: Rows) -> tuple[ArrayCells, Levels]:
    """Reduce rows at risk to cells, coded by levels chosen as the study chooses them."""
    parts = (rows.score - NO_SCORE, rows.state, rows.tenure, rows.segment)
    cells, place = np.unique(np.ravel_multi_index(parts, _SPANS), return_inverse=True)
    score, state, tenure, segment = np.unravel_index(cells, _SPANS)
    n, events = np.bincount(place, rows.n), np.bincount(place, rows.events)
    raw = pd.DataFrame(
        {"score": score + NO_SCORE, "state": state, "tenure_periods": tenure, "segment": np.array(SEGMENTS)[segment]}
    )
    levels = choose_levels(raw.assign(n=n, events=events), TENURE_EDGES)
    clusters, cluster = np.unique(rows.cluster, return_inverse=True)
    block = ArrayBlock(_coded(raw, levels), n, events, (cluster, place, rows.n, rows.events))
    return ArrayCells(block, place.size, clusters.size, pd.Index(clusters)), levels


def hazard_terms(levels: Levels) -> list[Term]:
    """Return the terms of the study's hazard: the score from the middle of the scale, and every level."""
    return [Term("score", centre=sum(METRIC.scale) / 2), *(Term(name, names) for name, names in levels.names.items())]


def kinds_at_landmark(months: Months) -> pd.DataFrame:
    """Count the customers at the landmark by what is known of them: ``score, state, tenure_periods, segment``."""
    people, at = np.flatnonzero(months.at_risk[:, months.landmark]), months.landmark
    known = {"score": months.score, "state": months.state, "tenure_periods": months.tenure}
    frame = pd.DataFrame({name: values[people, at] for name, values in known.items()})
    frame["segment"] = np.array(SEGMENTS)[months.segment[people]]
    return frame.groupby(_KEYS).size().rename("customers").reset_index()


def profiles_ahead(kinds: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    """Give each kind of customer the months ahead of it, its score held where it was.

    Parameters
    ----------
    kinds : pandas.DataFrame
        From :func:`kinds_at_landmark`.
    levels : Levels
        Of the hazard's cells.
    """
    ahead = kinds.loc[kinds.index.repeat(HORIZON)].reset_index(names="profile")
    step = np.tile(np.arange(HORIZON), len(kinds))
    state = ahead["state"].to_numpy()
    score = ahead["score"].where(state == ANSWER).astype(float)
    names = pd.Series(np.array(STATES, dtype=object)[state])
    return pd.DataFrame(
        {
            "profile": ahead["profile"],
            "customers": ahead["customers"],
            "score": score,
            "state": pd.Categorical(names, categories=list(STATES)),
            "tenure": levels.tenure_codes(ahead["tenure_periods"] + step),
            "segment": pd.Categorical(ahead["segment"].replace(levels.segment_of)),
        }
    )


def one_better(ahead: pd.DataFrame) -> pd.DataFrame:
    """Set those who had answered beside themselves with one point more, never beyond the end of the scale."""
    answered = ahead[ahead["state"] == ANSWERED]
    score = np.minimum(answered["score"] + 1, METRIC.scale[1])
    moved = answered.assign(score=score, profile=answered["profile"] + ahead["profile"].max() + 1)
    return pd.concat([answered.assign(group=NOW), moved.assign(group=BETTER)], ignore_index=True)


def respondent_moments(months: Months) -> pd.DataFrame:
    """Return the moments of each trait by whether customers had answered, in the last month at risk."""
    people = _traits(months)
    rows = [
        {"trait": trait, "answered": answered}
        | moments_of(people.loc[people["answered"] == answered, trait].to_numpy())
        for trait in TRAITS
        for answered in (False, True)
        if (people["answered"] == answered).any()
    ]
    return pd.DataFrame(rows)


def moments_of(values: np.ndarray) -> dict[str, float]:
    """Return ``n, mean, variance, third`` and ``fourth``, as respondents are scored by."""
    away = values - values.mean()
    spread = float(values.var(ddof=1)) if values.size > 1 else 0.0
    powers = {"third": float((away**3).mean()), "fourth": float((away**4).mean())}
    return {"n": values.size, "mean": float(values.mean()), "variance": spread} | powers


def _traits(months: Months) -> pd.DataFrame:
    here = months.at_risk[:, months.last]
    since, upto = months.since[here], np.arange(months.last + 1)
    inside = upto >= since[:, None]
    revenue = (months.revenue[here, : months.last + 1] * inside).sum(axis=1) / inside.sum(axis=1)
    values = {"periods_since_start": (months.last - since).astype(float), "revenue_per_period": revenue}
    return pd.DataFrame(values | {"answered": months.answered[here]})


def _coded(raw: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    states = np.array([levels.states.index(s) if s in levels.states else -1 for s in STATES])
    segments = {name: levels.names["segment"].index(level) for name, level in levels.segment_of.items()}
    return pd.DataFrame(
        {
            "score": raw["score"].where(raw["score"] != NO_SCORE).astype(float),
            "state": states[raw["state"]].astype("int8"),
            "tenure": levels.tenure_codes(raw["tenure_periods"]).astype("int8"),
            "segment": raw["segment"].map(segments).astype("int16"),
        }
    )
