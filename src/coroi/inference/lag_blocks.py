"""Regressions on lags from blocks: each yields its own lagged rows, and the sums are those of fixed effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.effects import EffectsFit, Estimator
from coroi.inference.effects_stream import stream_effects
from coroi.inference.grids import laid_out, moved_on
from coroi.inference.lag_paths import NO_ROW, NOTHING, Path, sum_first, sums_of_lags
from coroi.inference.lagged import Spread, too_few
from coroi.inference.leverage import influence_check
from coroi.inference.linear import LinearFit
from coroi.inference.within import Effects
from coroi.results import Check
from coroi.schemas import EntityBlock, EntityBlocks

ESTIMATOR: dict[Effects, Estimator] = {"both": "two_way", "entity": "entity", "none": "pooled"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LagBlocks:
    """A panel's rows that have their outcome, their controls and all lags, block by block.

    Parameters
    ----------
    source : EntityBlocks
        Outcome, metric and controls, NaN where a value is missing.
    lags : int
        Periods back that count, beside the present one.
    basis : ndarray, shape (lags + 1, m)
        Combinations of the lags that are regressors, before the controls.
    several : bool
        Whether an entity's only row is left out.
    rows : ndarray of int, shape (T,)
        Rows by period.
    kept : ndarray of int, shape (g,)
        Positions, in the source, of the entities with a row.
    left_out : pandas.DataFrame
        ``why, rows``.
    """

    source: EntityBlocks
    lags: int
    basis: np.ndarray
    several: bool
    rows: np.ndarray
    kept: np.ndarray
    left_out: pd.DataFrame

    @property
    def names(self) -> tuple[str, ...]:
        """The columns: outcome, the combinations of lags, and controls."""
        return (self.source.names[0], *(f"lags[{k}]" for k in range(self.basis.shape[1])), *self.source.names[2:])

    @property
    def n_rows(self) -> int:
        """Rows in all blocks."""
        return int(self.rows.sum())

    @property
    def n_omitted(self) -> int:
        """Rows of the source that are in no block."""
        return int(self.left_out["rows"].sum())

    @property
    def first_period(self) -> int:
        """Number of the first period of the source."""
        return self.source.first_period

    @property
    def n_periods(self) -> int:
        """Periods of the source."""
        return self.source.n_periods

    @property
    def entities(self) -> pd.Index:
        """Names of the entities with a row."""
        return self.source.entities[self.kept]

    @property
    def clusters(self) -> pd.Index | None:
        """Name of the cluster of each of these."""
        return None if self.source.clusters is None else self.source.clusters[self.kept]

    def blocks(self) -> Iterator[EntityBlock]:
        """Yield the blocks that have a row."""
        for block in self.source.blocks():
            outcome, controls, lagged = _pieces(laid_out(block, self.n_periods), self.lags)
            there, _ = _complete(outcome, controls, lagged, block, self.several)
            if there.any():
                combined = np.tensordot(self.basis, lagged[:, there], axes=(0, 0))
                rounding = np.abs(combined).max(axis=1) <= NOTHING * np.abs(lagged[:, there]).max()
                combined[rounding] = 0.0
                length = there.sum(axis=1)
                yield EntityBlock(
                    columns=np.concatenate([outcome[None, there], combined, controls[:, there]]),
                    period=np.nonzero(there)[1],
                    length=length[length > 0],
                )


def lag_blocks(source: EntityBlocks, lags: int, basis: np.ndarray, effects: Effects) -> LagBlocks:
    """Read a panel once to count the rows that have all that a regression on lags takes.

    Parameters
    ----------
    source, lags
        See :class:`LagBlocks`.
    basis : ndarray, shape (lags + 1, m)
        Combinations of the lags; turned so that the first coefficient is the sum of all lags.
    effects : str
        ``both``, ``entity`` or ``none``.

    Raises
    ------
    DataError
        If period effects alone are asked for.
    """
    if effects not in ESTIMATOR:
        raise DataError(f"blocks take no '{effects}' effects. Give a frame, or sweep out {', '.join(ESTIMATOR)}.")
    several = effects != "none"
    rows, kept, first = np.zeros(source.n_periods, dtype=np.int64), [np.zeros(0, dtype=np.int64)], 0
    lost: dict[str, int] = {}
    for block in source.blocks():
        pieces = _pieces(laid_out(block, source.n_periods), lags)
        there, counted = _complete(*pieces, block, several)
        rows += there.sum(axis=0)
        kept.append(first + np.flatnonzero(there.any(axis=1)))
        first += len(block.length)
        lost = {why: lost.get(why, 0) + n for why, n in counted.items()}
    return LagBlocks(
        source=source,
        lags=lags,
        basis=sum_first(basis),
        several=several,
        rows=rows,
        kept=np.concatenate(kept),
        left_out=pd.DataFrame({"why": list(lost), "rows": list(lost.values())}),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summed:
    """What is known of rows that were summed up; stands where a :class:`coroi.inference.lagged.Sample` may."""

    cluster: np.ndarray
    cluster_names: pd.Index
    left_out: pd.DataFrame
    n_obs: int
    n_entities: int
    n_periods: int
    n_effects: int
    without: float | None = None


def blocks_check(path: Path, summed: Summed) -> tuple[Check, ...]:
    """Say how far the sum of all lags is off without the entity that moves it most; nothing where none was looked for.

    Parameters
    ----------
    path : Path
    summed : Summed
        Of the same fit.

    Notes
    -----
    The entity is found from sums as in :func:`coroi.inference.leverage.most_influential`; without it all is fitted
    again. Without entity effects it is not looked for.
    """
    if path.why or summed.n_entities < 2 or summed.without is None:
        return ()
    error = float(np.sqrt(path.covariance[-1, -1]))
    return (influence_check(float(path.estimate[-1]), error, summed.without, what="the long-run effect"),)


def fit_blocks(panel: LagBlocks, effects: Effects, spread: Spread) -> tuple[Path, Summed]:
    """Fit the outcome on controls and lags.

    Parameters
    ----------
    panel : LagBlocks
    effects : str
        As they were counted for.
    spread : Spread
        Clustered errors, or serial ones.

    Returns
    -------
    Path, Summed
        The numbers of :func:`coroi.inference.lag_paths.fit_path` on the same rows, up to rounding.

    Raises
    ------
    DataError
        If classical errors are asked for, which take every row's residual.
    """
    if spread.errors == "classical":
        raise DataError("blocks take clustered or serial errors. Give a frame for classical ones.")
    nothing = np.zeros((0, 0))
    code, names = np.arange(len(panel.kept)), panel.entities
    if panel.clusters is not None:
        code, names = pd.factorize(panel.clusters, sort=True)
    known = {"cluster": code, "cluster_names": names, "left_out": panel.left_out, "n_obs": panel.n_rows}
    known |= {"n_entities": len(panel.kept), "n_periods": int((panel.rows > 0).sum())}
    if not panel.n_rows:
        return Path(why=NO_ROW, df=np.nan, fit=None, linear=nothing, covariance=nothing), Summed(n_effects=0, **known)
    streamed = stream_effects(panel, (ESTIMATOR[effects],))
    found = streamed.fits[ESTIMATOR[effects]]
    n_effects = panel.n_rows - found.spare - int(found.kept.sum())
    summed = Summed(n_effects=n_effects, without=streamed.without if effects != "none" else None, **known)
    wanted = np.arange(len(found.kept)) < panel.basis.shape[1]
    why = _hindrance(found, wanted, summed, spread)
    if why:
        return Path(why=why, df=np.nan, fit=None, linear=nothing, covariance=nothing), summed
    n_controls = int(found.kept[~wanted].sum())
    linear = np.roll(sums_of_lags(panel.basis, n_controls), -n_controls, axis=1)
    by_cluster = spread.errors == "clustered"
    within = found.by_cluster(code) if by_cluster else found.over_time(spread.lags_of(summed), factor=False)
    fit = LinearFit(coef=found.coef, kept=found.kept, bread=found.bread, scores=found.by_entity, residual=np.zeros(0))
    df = spread.df(summed, int(found.kept.sum()))
    return Path(why="", df=df, fit=fit, linear=linear, covariance=linear @ within @ linear.T), summed


def _hindrance(found: EffectsFit, wanted: np.ndarray, summed: Summed, spread: Spread) -> str:
    reasons = [why for why, asked in zip(found.reasons, wanted, strict=True) if asked]
    if any(why.startswith("the outcome") for why in found.reasons):
        return "the outcome never varies once the effects are out"
    if all(why.startswith("it ") and "combination" not in why for why in reasons):
        return "the metric never varies within an entity once the effects are out"
    lost = sum(bool(why) for why in reasons)
    if lost:
        return f"{lost} of {len(reasons)} columns are combinations of the others: fewer lags or controls are needed"
    if found.spare <= 0:
        return f"{summed.n_obs:,} rows are too few for {summed.n_obs - found.spare:,} parameters"
    return too_few(summed, spread)


def _pieces(grid: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, controls and the metric's lags, each by entity and period."""
    return grid[0], grid[2:], np.stack([moved_on(grid[1], by) for by in range(lags + 1)])


def _complete(
    outcome: np.ndarray, controls: np.ndarray, lagged: np.ndarray, block: EntityBlock, several: bool
) -> tuple[np.ndarray, dict[str, int]]:
    """Mark rows that have everything, and count the others once each, by what they lack first."""
    left = np.zeros(outcome.shape, dtype=bool)
    left[np.repeat(np.arange(len(block.length)), block.length), block.period] = True
    counted = {}
    for why, columns in (
        ("no outcome", outcome[None]),
        ("a control is missing", controls),
        ("no metric", lagged[:1]),
        ("a lag of the metric is missing", lagged[1:]),
    ):
        whole = np.isfinite(columns).all(axis=0)
        counted[why] = int((left & ~whole).sum())
        left = left & whole
    if several:
        alone = left & (left.sum(axis=1) < 2)[:, None]
        counted["the only row of its entity"] = int(alone.sum())
        left = left & ~alone
    return left, counted
