"""What a programme brings and costs, by line and period, with the errors that all lines share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from coroi.errors import DataError
from coroi.inference.influence import influence_covariance
from coroi.inference.joint import cross_covariance
from coroi.results import CashFlow, Result

DRAWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """Money of one mechanism by period since the start, in a currency, per customer or in all.

    Parameters
    ----------
    name : str
        Unique among the lines: ``retention``, ``spend``, ``referral``, ``cost to serve``, ``programme`` …
    estimate : ndarray, shape (n_periods,)
        What the line adds to profit: a cost is below zero.
    covariance : ndarray, shape (n_periods, n_periods)
        Zeros for money that was paid and is known.
    moved : pandas.DataFrame or None
        Influence by cluster, shape (n_clusters, n_periods), rows named by the cluster; none for known money.
    df : float
        Degrees of freedom; infinite for known money.
    """

    name: str
    estimate: np.ndarray
    covariance: np.ndarray
    moved: pd.DataFrame | None = None
    df: float = np.inf

    @property
    def known(self) -> bool:
        """Whether the money has no error."""
        return not self.covariance.any()


@dataclass(frozen=True, kw_only=True, eq=False)
class Flows:
    """Lines of money that were joined: what they are estimated at, and how they vary together.

    Parameters
    ----------
    names : tuple of str
        Of the lines.
    estimate : ndarray, shape (n_lines, n_periods)
    covariance : ndarray, shape (n_lines × n_periods, n_lines × n_periods)
        Line by line.
    df : float
        Degrees of freedom, the fewest of any line; infinite where all is known.
    currency : str
        ISO 4217 code.
    periods : tuple of str
        First day of each period, ISO, for who starts on the first of them.
    """

    names: tuple[str, ...]
    estimate: np.ndarray
    covariance: np.ndarray
    df: float
    currency: str
    periods: tuple[str, ...]

    @cached_property
    def total(self) -> Line:
        """Return the sum of all lines."""
        return self.weighted(np.ones(len(self.names)), "total")

    def weighted(self, weights: np.ndarray, name: str) -> Line:
        """Return a weighted sum of lines, weights of shape (n_lines,)."""
        map_ = np.kron(np.asarray(weights, float)[None, :], np.eye(len(self.periods)))
        covariance = map_ @ self.covariance @ map_.T
        return Line(name=name, estimate=weights @ self.estimate, covariance=covariance, df=self.df)

    def until(self, n_periods: int) -> Flows:
        """Return the first periods of all lines."""
        kept = np.concatenate([np.arange(n_periods) + at * len(self.periods) for at in range(len(self.names))])
        return Flows(
            names=self.names,
            estimate=self.estimate[:, :n_periods],
            covariance=self.covariance[np.ix_(kept, kept)],
            df=self.df,
            currency=self.currency,
            periods=self.periods[:n_periods],
        )

    def line(self, name: str) -> Line:
        """Return one of the lines."""
        return self.weighted(np.array([float(n == name) for n in self.names]), name)

    def draws(self, n_draws: int = DRAWS, seed: int = 1) -> dict[str, CashFlow]:
        """Draw all lines at once, each draw of a line belonging to the same draw of every other.

        Parameters
        ----------
        n_draws : int
            An even number: each draw has its mirror image, so that means of draws are the estimates.
        seed : int

        Returns
        -------
        dict of str to CashFlow
            By line.

        Notes
        -----
        Draws are of the multivariate t with the flows' degrees of freedom.
        """
        lines, periods = self.estimate.shape
        rng = np.random.default_rng(seed)
        root, vectors = np.linalg.eigh(self.covariance)
        half = vectors * np.sqrt(np.clip(root, 0, None))
        normal = rng.standard_normal((n_draws // 2, lines * periods)) @ half.T
        if np.isfinite(self.df):
            normal /= np.sqrt(rng.chisquare(self.df, (n_draws // 2, 1)) / self.df)
        moved = np.concatenate([normal, -normal]).reshape(-1, lines, periods)
        return {
            name: CashFlow(
                draws=self.estimate[at] + moved[:, at], periods=self.periods, currency=self.currency, label=name
            )
            for at, name in enumerate(self.names)
        }


def known_line(name: str, amounts: np.ndarray) -> Line:
    """Return money that was paid and is known, such as the costs of a programme: amounts below zero."""
    n = len(amounts)
    return Line(name=name, estimate=np.asarray(amounts, float), covariance=np.zeros((n, n)))


def line_of(result: Result, name: str, *, term: str = "event_time", n_periods: int, sign: float = 1.0) -> Line:
    """Read a line off a result's path by time since the start.

    Parameters
    ----------
    result : Result
        Of a model on roll-outs, or on what follows a change of the score, on money.
    name : str
    term : str
        Path that is read; its times are in the column of the same name, or in ``event_time`` or ``horizon``.
    n_periods : int
        Periods from 0 that are read.
    sign : float
        What estimates are multiplied by: -1 where the outcome is a cost, 2 for two steps of a score.

    Raises
    ------
    DataError
        If a period is not identified, or the result tells no covariance.
    """
    rows = result.estimates[result.estimates["term"] == term]
    column = next(c for c in (term, "event_time", "horizon") if c in rows.columns)
    rows = rows[rows[column].between(0, n_periods - 1)].sort_values(column)
    told = rows[rows["identified"].astype(bool)]
    if len(told) < n_periods:
        why = next((str(r) for r in [*rows["reason"], *result.estimates["reason"]] if r), "the path is shorter")
        if told.empty:
            raise DataError(f"{name}: no period after the start is identified: {why}.")
        raise DataError(
            f"{name}: {n_periods - len(told)} of {n_periods} periods after the start are not identified: {why}. "
            "Ask for a shorter horizon."
        )
    if result.vcov is None and result.influence is None:
        raise DataError(f"{name}: {result.method} tells no covariance of its path; nothing can be summed over it.")
    names = _names_of(result, term, told[column].to_numpy(float))
    moved = None if result.influence is None else sign * result.influence[names]
    covariance = (
        influence_covariance(moved.to_numpy())
        if moved is not None
        else sign**2 * result.vcov.loc[names, names].to_numpy(float)  # type: ignore[union-attr]
    )
    df = _df_of(result, told)
    estimate = sign * told["estimate"].to_numpy(float)
    return Line(name=name, estimate=estimate, covariance=covariance, moved=moved, df=df)


def _names_of(result: Result, term: str, times: np.ndarray) -> list[str]:
    """Return how a result names its path's covariance: "event_time: 2" of roll-outs, "response[2]" of scores."""
    matrix = result.vcov if result.influence is None else result.influence
    assert matrix is not None
    forms = ([f"{term}: {t:g}" for t in times], [f"{term}[{t:g}]" for t in times])
    found = next((names for names in forms if set(names) <= set(matrix.columns)), None)
    if found is None:
        raise DataError(f"{result.method} tells no covariance of its path '{term}'; nothing can be summed over it.")
    return found


def _df_of(result: Result, told: pd.DataFrame) -> float:
    """Return degrees of freedom: the fewest of the path's rows and of their mean, of its band, or entities less one.

    Notes
    -----
    A sum over periods rests on fewer clusters' chance than any one of them does where chances differ from cohort to
    cohort, so that the mean over all treated rows is heeded where it was estimated.
    """
    if "df" in told:
        mean = result.estimates.loc[result.estimates["term"] == "overall", "df"]
        return float(np.nanmin([told["df"].min(), *mean]))
    if "band" in result.tables and "df" in result.tables["band"]:
        return float(result.tables["band"]["df"].iloc[0])
    return float(max(result.n_entities - 1, 1))


def join_lines(lines: Sequence[Line], *, currency: str, periods: Sequence[str]) -> Flows:
    """Join lines of one company with the errors that they share.

    Parameters
    ----------
    lines : sequence of Line
        All of the same length; estimates of one panel, or known money.
    currency : str
        ISO 4217 code, of all lines.
    periods : sequence of str
        First day of each period, ISO.

    Raises
    ------
    DataError
        If a name stands twice, lengths differ, or several lines have errors and one of them does not tell how each
        cluster moves it: independent draws of estimates from one panel would give a wrong interval.
    """
    names = tuple(line.name for line in lines)
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{len(twice)} lines of money stand twice: {', '.join(twice)}. Count each once.")
    odd = [line.name for line in lines if len(line.estimate) != len(periods)]
    if odd:
        raise DataError(f"{', '.join(odd)}: not as long as the {len(periods)} periods that are valued.")
    unsure = [line for line in lines if not line.known]
    lacking = [line.name for line in unsure if line.moved is None]
    if len(unsure) > 1 and lacking:
        raise DataError(
            f"{', '.join(lacking)}: estimated from the panel of other lines, but without each cluster's influence: "
            "how they vary together is not known. Fit with keep_influence=True."
        )
    n = len(periods)
    covariance = np.zeros((len(lines) * n, len(lines) * n))
    for i, one in enumerate(lines):
        covariance[i * n : (i + 1) * n, i * n : (i + 1) * n] = one.covariance
        for j, other in enumerate(lines[:i]):
            if one.moved is not None and other.moved is not None:
                block = cross_covariance(one.moved, other.moved).to_numpy(float)
                covariance[i * n : (i + 1) * n, j * n : (j + 1) * n] = block
                covariance[j * n : (j + 1) * n, i * n : (i + 1) * n] = block.T
    return Flows(
        names=names,
        estimate=np.stack([line.estimate for line in lines]),
        covariance=covariance,
        df=min((line.df for line in unsure), default=np.inf),
        currency=currency,
        periods=tuple(periods),
    )
