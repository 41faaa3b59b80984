"""What every estimator of a roll-out answers: effects by time, cohort and period, with bands over each path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from coroi.errors import DataError
from coroi.inference.bands import sup_t
from coroi.inference.estimates import known, unknown
from coroi.inference.few_units import too_few, welch_df
from coroi.inference.influence import influence_covariance
from coroi.inference.roll_outs import RollOut

KEYS = {"event_time": "event_time", "balanced": "event_time", "cohort": "cohort", "period": "period"}
BASE = "the base period: it is compared with itself"
FLAT = "the change of the outcome is the same in all units of either side: its error cannot be told"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """One effect of a roll-out.

    Parameters
    ----------
    term : str
        ``event_time``, ``balanced``, ``cohort``, ``period``, ``overall`` or a mean over one of these.
    at : float
        Event time, cohort or period; NaN where the term has none.
    estimate : float
        NaN where there is none.
    moved : ndarray, shape (n_clusters,)
        Influence of each cluster.
    reason : str
        Why there is none; empty where there is one.
    treats, compares : ndarray of bool, shape (n_clusters,)
        Clusters treated in it, and clusters that they are compared with.
    n_units, n_rows : int
        Treated units, and their rows whose effect it holds.
    share : float
        Of the treated rows that it is about, those whose effect could be told.
    """

    term: str
    at: float
    estimate: float
    moved: np.ndarray
    reason: str
    treats: np.ndarray
    compares: np.ndarray
    n_units: int
    n_rows: int
    share: float

    @property
    def name(self) -> str:
        """Name of the term with its time, cohort or period."""
        return f"{self.term}: {self.at:g}" if self.term in KEYS else self.term

    def checked(self) -> Answer:
        """Return the answer, refused where the clusters behind it are too few, or where nothing varies."""
        why = self.reason or too_few(int(self.treats.sum()), int(self.compares.sum()))
        why = why or ("" if self.moved.any() else FLAT)
        return replace(self, reason=why)


def untold(term: str, at: float, why: str, n_clusters: int) -> Answer:
    """Return the answer that there is none, with the reason."""
    nobody = np.zeros(n_clusters, dtype=bool)
    return Answer(
        term=term,
        at=float(at),
        estimate=float("nan"),
        moved=np.zeros(n_clusters),
        reason=why,
        treats=nobody,
        compares=nobody,
        n_units=0,
        n_rows=0,
        share=0.0,
    )


def together(some: Sequence[Answer], weight: np.ndarray, term: str, *, at: float = float("nan")) -> Answer:
    """Return a weighted mean of answers that are told; the weights, of shape (n,), sum to one."""
    rows = sum(answer.n_rows for answer in some)
    return Answer(
        term=term,
        at=at,
        estimate=float(weight @ [answer.estimate for answer in some]),
        moved=np.stack([answer.moved for answer in some], axis=1) @ weight,
        reason="",
        treats=np.logical_or.reduce([answer.treats for answer in some]),
        compares=np.logical_or.reduce([answer.compares for answer in some]),
        n_units=max(answer.n_units for answer in some),
        n_rows=rows,
        share=rows / sum(answer.n_rows / answer.share for answer in some),
    )


def examine_times(leads: int | None, horizon: int | None, balanced: int | None) -> None:
    """Refuse event times that are asked for as numbers below zero."""
    for name, value in {"leads": leads, "horizon": horizon, "balanced": balanced}.items():
        if value is not None and value < 0:
            raise DataError(f"{name} is {value}; it counts periods from the start, 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """Answers as tables.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Rows of a result's estimates.
    vcov : pandas.DataFrame or None
        Of all terms, NaN for those that are not identified; nothing without answers.
    influence : pandas.DataFrame or None
        By cluster, of the terms that are identified.
    bands : pandas.DataFrame
        By path: ``path, critical, df, n_estimates, level``.
    """

    estimates: pd.DataFrame
    vcov: pd.DataFrame | None
    influence: pd.DataFrame | None
    bands: pd.DataFrame


def arms(roll_out: RollOut) -> np.ndarray:
    """Return the code of each cluster's first treated period, the earliest of its units', shape (n_clusters,)."""
    first = np.full(len(roll_out.cluster_names), np.iinfo(np.int64).max)
    np.minimum.at(first, roll_out.cluster, roll_out.first)
    return np.unique(first, return_inverse=True)[1]


def told(answers: Sequence[Answer], roll_out: RollOut, *, level: float) -> Told:
    """Turn answers into rows with intervals, and put a band over each path.

    Parameters
    ----------
    answers : sequence of Answer
    roll_out : RollOut
        Whose clusters the influence is of.
    level : float
        Of intervals and bands.

    Returns
    -------
    Told

    Notes
    -----
    Errors have the factor G / (G − 1); intervals use t with the degrees of freedom of :func:`welch_df`, a band those of
    the term of its path that has fewest, rounded down, ever coarser from 20 on.
    """
    answers = [answer.checked() for answer in answers]
    some = [answer for answer in answers if not answer.reason]
    arm, names, every = arms(roll_out), [answer.name for answer in some], [answer.name for answer in answers]
    moved = np.stack([answer.moved for answer in some], axis=1) if some else np.zeros((len(arm), 0))
    covariance = influence_covariance(moved) if some else np.zeros((0, 0))
    df = {answer.name: welch_df(answer.moved, arm) for answer in some}
    bands = _bands(some, covariance, df, level)
    rows = [_row(answer, len(arm), df, bands, level) for answer in answers]
    return Told(
        estimates=pd.DataFrame(rows),
        vcov=pd.DataFrame(covariance, index=names, columns=names).reindex(index=every, columns=every)
        if every
        else None,
        influence=pd.DataFrame(moved, index=roll_out.cluster_names, columns=names) if some else None,
        bands=pd.DataFrame(
            [
                {"path": path, "critical": critical, "df": least, "n_estimates": n, "level": level}
                for path, (n, critical, least) in bands.items()
            ],
            columns=["path", "critical", "df", "n_estimates", "level"],
        ),
    )


def refused(why: str) -> pd.DataFrame:
    """Return the one row of a result of which nothing is identified."""
    place = {"term": "overall", **dict.fromkeys(dict.fromkeys(KEYS.values()), np.nan)}
    counts = {"band_low": np.nan, "band_high": np.nan, "df": np.nan, "n_units": 0, "n_rows": 0, "share": 0.0}
    return pd.DataFrame([place | unknown(why) | counts])


def _bands(
    some: Sequence[Answer], covariance: np.ndarray, df: dict[str, float], level: float
) -> dict[str, tuple[int, float, float]]:
    """Return the length of each path, how many errors its band takes, and its degrees of freedom."""
    found = {}
    for term in KEYS:
        at = [i for i, answer in enumerate(some) if answer.term == term]
        if at:
            least = _step(min(df[some[i].name] for i in at))
            found[term] = (len(at), sup_t(covariance[np.ix_(at, at)], level=level, df=least), least)
    return found


def _step(df: float) -> float:
    """Round degrees of freedom down: by one until 20, then ever coarser, so that equal ones share their draws."""
    size = next(size for until, size in ((20, 1), (40, 5), (100, 20), (500, 100), (np.inf, 500)) if df < until)
    return float(df // size * size)


def _row(
    answer: Answer, n: int, df: dict[str, float], bands: dict[str, tuple[int, float, float]], level: float
) -> dict[str, object]:
    place = {key: answer.at if KEYS.get(answer.term) == key else np.nan for key in dict.fromkeys(KEYS.values())}
    counts = {"n_units": answer.n_units, "n_rows": answer.n_rows, "share": answer.share}
    if answer.reason:
        empty = {"band_low": np.nan, "band_high": np.nan, "df": np.nan}
        return {"term": answer.term} | place | unknown(answer.reason) | empty | counts
    free = df[answer.name]
    error = float(np.sqrt(answer.moved @ answer.moved * n / (n - 1)))
    half = float(special.stdtrit(free, 0.5 + level / 2)) * error
    wide = np.nan_to_num(bands[answer.term][1]) * error if answer.term in bands else np.nan
    row = known(answer.estimate, error, answer.estimate - half, answer.estimate + half)
    band = {"band_low": answer.estimate - wide, "band_high": answer.estimate + wide, "df": free}
    return {"term": answer.term} | place | row | band | counts
