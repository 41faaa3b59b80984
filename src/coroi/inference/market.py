"""Returns, scores and sizes laid out by period and firm, with the factors of each period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coroi.inference.panels import read_panel
from coroi.inference.ranks import standings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """T periods without a gap by N firms; NaN where nothing is known.

    Parameters
    ----------
    periods : ndarray of int, shape (T,)
    returns, score : ndarray, shape (T, N)
        Total return of the period, and the score that was public before it.
    size : ndarray, shape (T, N), or None
        Value at the period's start.
    industry : ndarray of int, shape (T, N), or None
        Code of the industry, −1 for none.
    factors : ndarray, shape (T, k)
    risk_free : ndarray, shape (T,)
    names : tuple of str
        Names of the k factors.
    """

    periods: np.ndarray
    returns: np.ndarray
    score: np.ndarray
    size: np.ndarray | None
    industry: np.ndarray | None
    factors: np.ndarray
    risk_free: np.ndarray
    names: tuple[str, ...]

    @property
    def score_within_industry(self) -> np.ndarray:
        """Share of the industry's firms with a return and a score that a firm outdoes by its score, shape (T, N)."""
        assert self.industry is not None
        here = np.where(np.isnan(self.returns), np.nan, self.score)
        group = np.arange(len(here))[:, None] * (int(self.industry.max(initial=0)) + 1) + self.industry
        coded = np.where(self.industry >= 0, group, -1)
        return standings(here.ravel(), coded.ravel()).share.reshape(here.shape)

    @property
    def survivors(self) -> np.ndarray:
        """Which firms have a return in the last period, shape (N,)."""
        return np.asarray(~np.isnan(self.returns[-1]))

    def keep(self, firms: np.ndarray) -> Market:
        """Return some of the firms."""
        size = None if self.size is None else self.size[:, firms]
        industry = None if self.industry is None else self.industry[:, firms]
        return replace(self, returns=self.returns[:, firms], score=self.score[:, firms], size=size, industry=industry)

    def with_loss(self, loss: float) -> Market:
        """Return the market in which every firm that leaves ends its last period with a further return."""
        seen = ~np.isnan(self.returns)
        last = len(seen) - 1 - seen[::-1].argmax(axis=0)
        gone = np.flatnonzero(seen.any(axis=0) & ~self.survivors)
        returns = self.returns.copy()
        returns[last[gone], gone] = (1 + returns[last[gone], gone]) * (1 + loss) - 1
        return replace(self, returns=returns)


def read_market(
    data: pd.DataFrame,
    factors: pd.DataFrame,
    columns: Mapping[str, str | None],
    *,
    names: Sequence[str],
    risk_free: str,
    entity: str,
    period: str,
) -> Market:
    """Lay a panel of returns and a table of factors out by period and firm.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a firm and period.
    factors : pandas.DataFrame
        One row a period.
    columns : Mapping of str to str or None
        The columns of ``outcome``, ``metric``, ``size`` and ``industry``; the last two may be ``None``.
    names, risk_free : sequence of str, str
        Columns of `factors`; factors that are not there, or hold nothing, are left out.
    entity, period : str
        Columns of who and when.

    Raises
    ------
    DataError
        If a column is missing, or a key is missing or repeated.
    """
    rows = read_panel(data, [c for c in columns.values() if c], entity=entity, period=period)
    held = [c for c in names if c in factors and factors[c].notna().any()]
    one = read_panel(factors.assign(_of="the market"), [risk_free, *held], entity="_of", period=period)
    number = np.arange(rows.period.min(), rows.period.max() + 1)
    known = one.frame.set_index(one.period).reindex(number)

    def laid_out(values: np.ndarray, empty: float = np.nan) -> np.ndarray:
        grid = np.full((len(number), len(rows.names)), empty)
        grid[rows.period - number[0], rows.entity] = values
        return grid

    def numbers(what: str) -> np.ndarray | None:
        name = columns[what]
        return None if name is None else laid_out(rows.frame[name].to_numpy(float))

    of = columns["industry"]
    returns, score = numbers("outcome"), numbers("metric")
    assert returns is not None
    assert score is not None
    return Market(
        periods=number,
        returns=returns,
        score=score,
        size=numbers("size"),
        industry=None if of is None else laid_out(pd.factorize(rows.frame[of])[0], -1).astype(np.int64),
        factors=known[held].to_numpy(float),
        risk_free=known[risk_free].to_numpy(float),
        names=tuple(held),
    )
