"""Regressions on lags: rows that have all of them, effects swept out, errors that suit a panel or a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError
from coroi.inference.estimates import known
from coroi.inference.linear import LinearFit, clustered, serial
from coroi.inference.panels import PanelRows, shifted
from coroi.inference.within import Effects, sweep

Errors = Literal["clustered", "serial", "classical"]
MIN_CLUSTERS, MIN_PERIODS = 10, 20


class Counted(Protocol):
    """Rows, entities, periods and clusters of a regression, however it holds them."""

    @property
    def cluster_names(self) -> pd.Index:
        """The clusters."""

    @property
    def left_out(self) -> pd.DataFrame:
        """Rows of the data that are not in here, and why."""

    @property
    def n_effects(self) -> int:
        """Parameters that the effects took, the constant included."""

    @property
    def n_obs(self) -> int:
        """Rows."""

    @property
    def n_entities(self) -> int:
        """Entities with a row."""

    @property
    def n_periods(self) -> int:
        """Periods with a row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows that have everything, the effects swept out of each column.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        The columns asked for, in their order.
    entity, period, cluster : ndarray of int, shape (n,)
        Codes of entity and cluster, and the period's number.
    cluster_names : pandas.Index
        The clusters in the order of their codes.
    n_effects : int
        Parameters that the effects took, the constant included.
    left_out : pandas.DataFrame
        ``why, rows``: rows of the data that are not in here, each counted once.
    """

    values: np.ndarray
    entity: np.ndarray
    period: np.ndarray
    cluster: np.ndarray
    cluster_names: pd.Index
    n_effects: int
    left_out: pd.DataFrame

    @property
    def n_obs(self) -> int:
        """Rows."""
        return len(self.values)

    @property
    def n_entities(self) -> int:
        """Entities with a row."""
        return int(np.unique(self.entity).size)

    @property
    def n_periods(self) -> int:
        """Periods with a row."""
        return int(np.unique(self.period).size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How errors are computed.

    Parameters
    ----------
    errors : str
        ``clustered``, by cluster; ``serial``, by period over some periods (Newey–West for one series, Driscoll–Kraay
        for a panel); ``classical``, as if errors were independent and alike.
    n_lags : int, optional
        Periods over which serial errors may depend; by default ⌊4 (T / 100)^(2/9)⌋.
    """

    errors: Errors = "clustered"
    n_lags: int | None = None

    def lags_of(self, sample: Counted) -> int:
        """Return how many lags serial errors take."""
        return int(4 * (sample.n_periods / 100) ** (2 / 9)) if self.n_lags is None else self.n_lags

    def df(self, sample: Counted, n_columns: int) -> float:
        """Return the degrees of freedom of t quantiles: clusters or periods less one; of a series, rows less K."""
        if self.errors == "clustered":
            return len(sample.cluster_names) - 1
        if self.errors == "serial" and sample.n_entities > 1:
            return sample.n_periods - 1
        return sample.n_obs - sample.n_effects - n_columns

    def words(self, sample: Counted) -> str:
        """Say which errors and quantiles are used."""
        if self.errors == "clustered":
            return "clustered, factor G / (G - 1), t quantiles with G - 1 degrees of freedom"
        if self.errors == "classical":
            return "independent and alike, t quantiles with n - K degrees of freedom"
        name, df = ("Driscoll-Kraay", "T - 1") if sample.n_entities > 1 else ("Newey-West", "n - K")
        return f"{name}, {self.lags_of(sample)} lags, t quantiles with {df} degrees of freedom"

    def covariance(self, sample: Sample, fit: LinearFit) -> np.ndarray:
        """Return the covariance of the coefficients in a fit, shape (q, q)."""
        if self.errors == "classical":
            free = sample.n_obs - sample.n_effects - len(fit.bread)
            return np.asarray(fit.bread * (fit.residual @ fit.residual / free))
        return self.of_scores(sample, fit)

    def of_scores(self, sample: Sample, fit: LinearFit) -> np.ndarray:
        """Return the covariance from the scores, clustered or serial."""
        if self.errors == "clustered":
            return clustered(fit, sample.cluster)
        return serial(fit, sample.period, self.lags_of(sample))

    def joint(self, sample: Sample, fits: Sequence[LinearFit]) -> np.ndarray:
        """Return the covariance of the coefficients of several fits on one design, one fit after the other."""
        if self.errors == "classical":
            residual = np.column_stack([fit.residual for fit in fits])
            free = sample.n_obs - sample.n_effects - len(fits[0].bread)
            return np.kron(residual.T @ residual / free, fits[0].bread)
        return self.of_scores(sample, stacked(fits))


def lag_block(rows: PanelRows, columns: Sequence[str], lags: Sequence[int] = (0,)) -> np.ndarray:
    """Return columns' values some periods earlier, shape (n, columns · lags); NaN where there was no row."""
    found = [np.zeros((len(rows.entity), 0))]
    for column in columns:
        values = rows.frame[column].to_numpy(dtype=float, na_value=np.nan)
        found += [shifted(values, rows.entity, rows.period, by)[:, None] for by in lags]
    return np.hstack(found)


def gather(
    rows: PanelRows, parts: Mapping[str, np.ndarray], *, effects: Effects = "both", cluster: str | None = None
) -> Sample:
    """Keep the rows that have every part, and sweep the effects out of them.

    Parameters
    ----------
    rows : PanelRows
        The panel.
    parts : mapping of str to ndarray, shape (n, k)
        Columns, named by why a row without them is left out.
    effects : str
        What is swept out; with entity effects the only row of an entity tells nothing and is left out.
    cluster : str, optional
        Column of the clusters; the entity by default.

    Raises
    ------
    DataError
        If a row lacks its cluster.
    """
    left, counted = np.ones(len(rows.entity), dtype=bool), []
    for why, columns in parts.items():
        whole = np.isfinite(columns).all(axis=1)
        counted.append((why, int((left & ~whole).sum())))
        left = left & whole
    if effects in ("entity", "both"):
        alone = left & (np.bincount(rows.entity[left], minlength=len(rows.names))[rows.entity] < 2)
        counted.append(("the only row of its entity", int(alone.sum())))
        left = left & ~alone
    kept, values = rows.keep(left), np.column_stack(list(parts.values()))[left]
    code, names = _clusters(kept, cluster)
    n_effects = 0
    if len(values):
        swept = sweep(values, kept.entity, pd.factorize(kept.period, sort=True)[0], effects=effects)
        values, n_effects = swept.values, swept.n_effects
    return Sample(
        values=values,
        entity=kept.entity,
        period=kept.period,
        cluster=code,
        cluster_names=names,
        n_effects=n_effects,
        left_out=pd.DataFrame(counted, columns=["why", "rows"]),
    )


def stacked(fits: Sequence[LinearFit]) -> LinearFit:
    """Put several fits of the same rows side by side, so that a covariance of the scores is that of all of them."""
    from scipy.linalg import block_diag

    return LinearFit(
        coef=np.concatenate([fit.coef for fit in fits]),
        kept=np.concatenate([fit.kept for fit in fits]),
        bread=block_diag(*[fit.bread for fit in fits]),
        scores=np.hstack([fit.scores for fit in fits]),
        residual=fits[0].residual,
    )


def hindrance(sample: Sample, fit: LinearFit, wanted: np.ndarray, spread: Spread, *, what: str = "the metric") -> str:
    """Say why the wanted coefficients of a regression of the first column on the others are not identified.

    Parameters
    ----------
    sample : Sample
        Its first column is the outcome, the others are the design.
    fit : LinearFit
        The regression.
    wanted : ndarray of bool, shape (p,)
        Columns of the design whose coefficients are asked for.
    spread : Spread
        How errors are computed.
    what : str
        What the wanted columns are made of, in words.

    Returns
    -------
    str
        Empty where nothing stands in the way.
    """
    n_params = sample.n_effects + int(fit.kept.sum())
    if not sample.values[:, 0].any():
        return "the outcome never varies once the effects are out"
    lost = int((wanted & ~fit.kept).sum())
    if not sample.values[:, 1:][:, wanted].any(axis=0).all():
        return f"{what} never varies within an entity once the effects are out"
    if lost:
        return (
            f"{lost} of {int(wanted.sum())} columns are combinations of the others: fewer lags or controls are needed"
        )
    if sample.n_obs <= n_params:
        return f"{sample.n_obs:,} rows are too few for {n_params:,} parameters"
    return too_few(sample, spread)


def too_few(sample: Counted, spread: Spread) -> str:
    """Say whether there are too few clusters or periods for the errors asked for."""
    if spread.errors == "clustered" and len(sample.cluster_names) < MIN_CLUSTERS:
        return f"{len(sample.cluster_names)} clusters are too few for clustered errors: {MIN_CLUSTERS} are needed"
    if spread.errors == "serial" and sample.n_periods < MIN_PERIODS:
        return f"{sample.n_periods} periods are too few for serial errors: {MIN_PERIODS} are needed"
    return ""


def quantile_of(level: float, df: float) -> float:
    """Return how many standard errors an interval reaches to either side."""
    return float(stats.t.ppf(0.5 + level / 2, df))


def stated(estimate: float, error: float, quantile: float) -> dict:
    """Return the columns of an estimate whose interval reaches so many standard errors to either side."""
    return known(estimate, error, estimate - quantile * error, estimate + quantile * error)


def _clusters(kept: PanelRows, cluster: str | None) -> tuple[np.ndarray, pd.Index]:
    if cluster is None:
        return kept.entity, kept.names
    code, names = pd.factorize(kept.frame[cluster], sort=True)
    lacking = int((code < 0).sum())
    if lacking:
        raise DataError(f"{lacking:,} rows lack '{cluster}', by which errors are clustered. Fill it in.")
    return code, pd.Index(names)
