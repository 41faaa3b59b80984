"""Rows of estimates from fits with effects: each term by estimator and kind of errors, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.effects import EffectsFit, Estimator
from coroi.inference.estimates import unknown, wald
from coroi.inference.linear import sum_by

FEWEST_CLUSTERS = 10
FEWEST_PERIODS = 10
CLUSTER, OVER_TIME = "cluster", "driscoll_kraay"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What rows of a result are made with.

    Parameters
    ----------
    terms : tuple of str
        Names of the p columns.
    cluster : ndarray of int, shape (n_entities,)
        Cluster of each entity, codes from 0.
    n_periods : int
        Periods from the first to the last.
    level : float
        Of the intervals.
    """

    terms: tuple[str, ...]
    cluster: np.ndarray
    n_periods: int
    level: float

    @property
    def n_lags(self) -> int:
        """Lags of Driscoll and Kraay's errors: Newey and West's (1994) rule of thumb."""
        return int(4 * (self.n_periods / 100) ** (2 / 9))


def rows_of(name: Estimator, fit: EffectsFit, asked: Asked) -> Iterator[dict]:
    """Yield an estimator's rows: each term with clustered errors, then with those of Driscoll and Kraay."""
    place = np.cumsum(fit.kept) - 1
    informative = (sum_by(fit.moving.astype(float), asked.cluster) > 0).sum(axis=0)
    for errors in (CLUSTER, OVER_TIME):
        if errors == OVER_TIME and fit.by_period is None:
            continue
        whys = [
            why or _too_few_for(errors, int(n), fit, asked) for why, n in zip(fit.reasons, informative, strict=True)
        ]
        covariance = np.empty((0, 0))
        if not all(whys):
            covariance = fit.by_cluster(asked.cluster) if errors == CLUSTER else fit.over_time(asked.n_lags)
        for at, (term, why, n) in enumerate(zip(asked.terms, whys, informative, strict=True)):
            found = unknown(why)
            if not why:
                df = (int(n) if errors == CLUSTER else asked.n_periods) - 1
                found = wald(fit.coef[at], np.sqrt(covariance[place[at], place[at]]), asked.level, df)
            yield {"term": term, "estimator": name, "errors": errors, "n_clusters": int(n)} | found


def _too_few_for(errors: str, n: int, fit: EffectsFit, asked: Asked) -> str:
    if fit.spare <= 0:
        return "there are no more rows than effects and coefficients"
    if errors == OVER_TIME and asked.n_periods < FEWEST_PERIODS:
        return f"errors over time take {FEWEST_PERIODS} periods or more, of which the panel has {asked.n_periods}"
    if errors == CLUSTER and n < FEWEST_CLUSTERS:
        return f"errors take {FEWEST_CLUSTERS} clusters or more that tell something, of which the panel has {n}"
    return ""


def influence_of(
    fits: Mapping[Estimator, EffectsFit], estimates: pd.DataFrame, asked: Asked, clusters: pd.Index
) -> pd.DataFrame:
    """Return each cluster's influence on the estimates that are identified, columns ``<estimator>: <term>``."""
    known = estimates[(estimates["errors"] == CLUSTER) & estimates["identified"]]
    wanted = [f"{name}: {term}" for name, term in zip(known["estimator"], known["term"], strict=True)]
    parts = [
        pd.DataFrame(
            fit.influence(asked.cluster),
            index=clusters,
            columns=[f"{name}: {term}" for term, kept in zip(asked.terms, fit.kept, strict=True) if kept],
        )
        for name, fit in fits.items()
    ]
    return pd.concat(parts, axis=1)[wanted]
