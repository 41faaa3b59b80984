"""What knowing more would be worth, in money, before deciding whether to fund a programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import DataError, did_you_mean
from coroi.roi.flows import DRAWS, Flows
from coroi.roi.weighing import Present, present_values
from coroi.roi.wording import money

EVERYTHING = "everything"
FEWEST_DF = 3
"""Degrees of freedom below which a t distribution has no variance, so that no draw can tell a mean with its error."""
HALVED = 0.5
_NOTHING = 1e-6  # of the standard error, below which a study is worth nothing


def normal_loss(mean: float, sd: float) -> float:
    """Return what perfect information on a normal net present value is worth before deciding between it and nothing.

    Parameters
    ----------
    mean, sd : float
        In money.

    Notes
    -----
    E max(V, 0) − max(E V, 0) = sd · (φ(z) − z (1 − Φ(z))) with z = |mean| / sd, the unit normal loss. Reference: Raiffa
    and Schlaifer (1961), Applied Statistical Decision Theory, on linear loss.
    """
    return expected_loss(mean, sd, np.inf)


def expected_loss(mean: float, scale: float, df: float) -> float:
    """Return the same where the net present value is a t around its mean; normal for infinite degrees of freedom.

    Parameters
    ----------
    mean, scale : float
        In money; the scale is the standard error that stands beside the estimate.
    df : float
        Above 1.

    Notes
    -----
    For a standard t the integral of (x − z) f(x) above z is (df + z²) / (df − 1) · f(z) − z (1 − F(z)).
    """
    if not scale > 0:
        return 0.0
    z = abs(mean) / scale
    if np.isinf(df):
        return float(scale * max(stats.norm.pdf(z) - z * stats.norm.sf(z), 0.0))
    return float(scale * max((df + z * z) / (df - 1) * stats.t.pdf(z, df) - z * stats.t.sf(z, df), 0.0))


def study_loss(mean: float, scale: float, df: float, *, left: float = HALVED) -> float:
    """Return what a study is worth that leaves a share of an interval's width.

    Parameters
    ----------
    mean, scale : float
        The net present value now, and by how much knowing the input altogether would move it, as a standard error.
    df : float
    left : float
        Width of the input's interval after the study, as a share of that before: 0 for a perfect study, 1 for none.

    Notes
    -----
    Before the study its answer is a normal whose variance is what the study takes away, (1 − left²) of the whole. Exact
    for normal estimates; a t keeps its shape by assumption. Reference: Raiffa and Schlaifer (1961), on the
    prior distribution of the posterior mean.
    """
    if not 0 <= left <= 1:
        raise DataError(f"a study leaves a share of the interval from 0 to 1, not {left:g}.")
    return expected_loss(mean, scale * float(np.sqrt(1 - left**2)), df)


def value_of_information(
    flows: Flows,
    weights: np.ndarray,
    *,
    n_draws: int = DRAWS,
    seed: int = 1,
    customers: float = 1.0,
    inputs: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return what knowing everything, or one input, would be worth before deciding to fund a programme or not.

    Parameters
    ----------
    flows : Flows
    weights : ndarray, shape (n_periods,) or (n_lines, n_periods)
        Discount factors.
    n_draws : int
        Even.
    seed : int
    customers : float
        Customers that the decision is about, where the flows are per customer.
    inputs : Mapping of str to sequence of str, optional
        By name of an input, its lines; each line by itself by default.

    Returns
    -------
    pandas.DataFrame
        ``input``, the first row ``everything``; ``spread``, by how much knowing it would move the net present value, as
        a standard error; ``value``, exact; ``drawn`` and ``drawn_error``, the same from joint draws with its Monte
        Carlo error; ``share`` of everything's value, NaN where that is nothing; ``halved``, what a study is worth that
        halves the input's interval.

    Raises
    ------
    DataError
        If an input names a line that is not there, or the flows have fewer than 3 degrees of freedom.

    Notes
    -----
    To fund brings the net present value, not to fund brings nothing, and whoever decides goes by the mean. What is
    learnt of an input is the present value of each of its lines; what they tell of the other lines counts too. Values
    do not add up: two inputs may be worth more, or less, together. Assumptions: estimates are jointly normal, or t
    (untestable); the data are all that is known now, without a prior (by what is asked). The mean of the net present
    value given an input is linear then, so that the regression on draws is exact but for the number of draws.
    References: Howard (1966), IEEE Transactions on Systems Science and Cybernetics 2:22-26; Raiffa and Schlaifer
    (1961); Strong, Oakley and Brennan (2014), Medical Decision Making 34:311-326.
    """
    if flows.df < FEWEST_DF:
        raise DataError(
            f"{flows.df:g} degrees of freedom are too few to tell what knowing more would be worth: the mean of what "
            "might be lost has no bound. Use more units."
        )
    groups = _groups(flows, inputs)
    present = present_values(flows, weights)
    drawn = flows.draws(n_draws, seed)
    full = np.broadcast_to(np.asarray(weights, float), flows.estimate.shape)
    values = np.column_stack([drawn[name].draws @ each for name, each in zip(flows.names, full, strict=True)])
    rows = [_row(EVERYTHING, present, values, list(range(len(flows.names))))]
    rows += [_row(name, present, values, at) for name, at in groups.items()]
    table = pd.DataFrame(rows)
    table[["spread", "value", "drawn", "drawn_error", "halved"]] *= customers
    whole = table["value"].iloc[0]
    table["share"] = table["value"] / whole if whole > 0 else np.nan
    return table[["input", "spread", "value", "drawn", "drawn_error", "share", "halved"]]


def _groups(flows: Flows, inputs: Mapping[str, Sequence[str]] | None) -> dict[str, list[int]]:
    asked = {name: (name,) for name in flows.names} if inputs is None else inputs
    groups = {}
    for name, lines in asked.items():
        for line in lines:
            if line not in flows.names:
                raise DataError(f"input '{name}': there is no line '{line}'. {did_you_mean(line, flows.names)}")
        if not lines or name == EVERYTHING:
            raise DataError(f"input '{name}': give it lines, and a name of its own.")
        groups[name] = [flows.names.index(line) for line in dict.fromkeys(lines)]
    return groups


def _row(name: str, present: Present, values: np.ndarray, at: list[int]) -> dict[str, object]:
    """Return an input's row: in closed form, and from draws of the lines' present values, shape (n_draws, n_lines)."""
    shared = present.covariance[at].sum(axis=1)
    explained = shared @ np.linalg.pinv(present.covariance[np.ix_(at, at)], hermitian=True) @ shared
    spread = float(np.sqrt(min(max(explained, 0.0), present.error(np.ones(len(present.estimate))) ** 2)))
    estimate, error = _drawn(values[:, at] - present.estimate[at], values.sum(axis=1) - present.npv, present.npv)
    return {
        "input": name,
        "spread": spread,
        "value": expected_loss(present.npv, spread, present.df),
        "drawn": estimate,
        "drawn_error": error,
        "halved": study_loss(present.npv, spread, present.df),
    }


def _drawn(known: np.ndarray, total: np.ndarray, npv: float) -> tuple[float, float]:
    """Return the value of an input from centred draws of it and of the total, with its Monte Carlo error.

    Notes
    -----
    The error is that of the mean over pairs of mirrored draws, and has a term for the regression, whose coefficients
    are estimated from the same draws.
    """
    n = len(total)
    inverse = np.linalg.pinv(known.T @ known / n, hermitian=True)
    coef = inverse @ (known.T @ total / n)
    expected = npv + known @ coef
    gained = np.maximum(expected, 0.0)
    slope = (known * (expected > 0)[:, None]).mean(axis=0)
    moved = gained + (known * (total - known @ coef)[:, None]) @ inverse @ slope
    pairs = (moved[: n // 2] + moved[n // 2 :]) / 2
    return float(gained.mean() - max(npv, 0.0)), float(pairs.std(ddof=1) / np.sqrt(len(pairs)))


def measure_next(table: pd.DataFrame, currency: str) -> str:
    """Say what to measure next, and what knowing it would be worth.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`value_of_information`.
    currency : str
        ISO 4217 code.
    """
    whole, inputs = table.iloc[0], table.iloc[1:]
    if inputs.empty or not inputs["halved"].max() > _NOTHING * whole["spread"]:
        return "Nothing has to be measured before deciding: nothing that could be known better would turn the decision."
    best = inputs.loc[inputs["halved"].idxmax()]
    return (
        f"Knowing everything before deciding would be worth {money(whole['value'], currency)}, the most that any study "
        f"could bring. Measure {best['input']} next: to know it altogether would be worth "
        f"{money(best['value'], currency)}, and a study that halves its interval is worth "
        f"{money(best['halved'], currency)}. If it costs more, decide on what is known."
    )
