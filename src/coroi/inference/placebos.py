"""Effects where there can be none: at dates before the start, and on outcomes that a programme cannot move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.errors import CoroiError, DataError
from coroi.inference.variants import Told, figure
from coroi.results import Check

DATES = "placebo_dates"
OUTCOMES = "placebo_outcomes"
_SIZE = 0.05


def earlier_start(data: pd.DataFrame, by: int, *, cohort: str, period: str) -> pd.DataFrame:
    """Return the rows before treatment, with the start moved to an earlier period at which nothing happened.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    by : int
        Periods that the start moves back, from 1.
    cohort, period : str
        Columns of each entity's first treated period, empty where it never comes, and of time.

    Returns
    -------
    pandas.DataFrame
        Without a row at or after an entity's true start, so that no true effect is in it.
    """
    if by < 1:
        raise DataError(f"a placebo start lies before the true one, not {by} periods before it.")
    before = data[data[cohort].isna() | (data[period] < data[cohort])]
    return before.assign(**{cohort: before[cohort] - by})


def check_placebo_dates(
    data: pd.DataFrame,
    fit: Callable[[pd.DataFrame], Told],
    *,
    cohort: str,
    period: str,
    shifts: Sequence[int],
    what: str = "an effect",
    df: float = np.inf,
) -> Check:
    """Fit the effect again as if it had started earlier, on rows before treatment alone.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an entity and period.
    fit : callable
        From such rows to the estimate with its error, or the reason why there is none.
    cohort, period : str
        See :func:`earlier_start`.
    shifts : sequence of int
        Periods that the start moves back.
    what : str
        The estimate, in words.
    df : float
        Degrees of freedom of t, clusters less one; normal by default.

    Returns
    -------
    Check
        Passed where no date has an effect beyond chance, by Bonferroni at 5 %. Not run where no date can be fitted.
    """
    found = {}
    for by in shifts:
        try:
            told = fit(earlier_start(data, by, cohort=cohort, period=period))
        except CoroiError as error:
            told = Told(reason=str(error).rstrip("."))
        found[f"{by} period{'s' if by > 1 else ''} early"] = told
    tested = f"that {what} is found at no date before the start, from rows before treatment alone"
    return _nothing_found(DATES, tested, found, what, "dates before the start", "date", df)


def check_placebo_outcomes(outcomes: Mapping[str, Told], *, what: str = "an effect", df: float = np.inf) -> Check:
    """Say whether an effect shows on outcomes that the programme cannot move.

    Parameters
    ----------
    outcomes : Mapping of str to Told
        By name, the estimate made just as the effect is, but on that outcome.
    what, df
        See :func:`check_placebo_dates`.

    Returns
    -------
    Check
        Passed where no outcome has an effect beyond chance, by Bonferroni at 5 %. Not run without such an outcome.
    """
    tested = f"that {what} is found on no outcome that the programme cannot move"
    return _nothing_found(OUTCOMES, tested, outcomes, what, "outcomes that cannot be moved", "outcome", df)


def _nothing_found(
    name: str, tested: str, found: Mapping[str, Told], what: str, among: str, one: str, df: float
) -> Check:
    table = pd.DataFrame(
        [(key, told.estimate, told.std_error, told.reason) for key, told in found.items()],
        columns=[one, "estimate", "std_error", "reason"],
    )
    run = table[(table["reason"] == "") & (table["std_error"] > 0)]
    if run.empty:
        why = next((f": {told.reason}" for told in found.values() if told.reason), "")
        said = f"Nothing could be estimated for {among}{why}."
        return Check(name=name, tested=tested, passed=None, sentence=said, table=table)
    quantile = stats.norm if np.isinf(df) else stats.t(df)
    limit = float(quantile.isf(_SIZE / (2 * len(run))))
    ratio = (run["estimate"] / run["std_error"]).abs()
    away = run[ratio > limit]
    n = f"{len(run)} {one}{'s' if len(run) > 1 else ''}"
    worst = run.loc[ratio.idxmax()]
    most = f"{figure(worst['estimate'])}, {figure(float(ratio.max()))} standard errors, for '{worst[one]}'"
    if away.empty:
        said = f"None of {n} shows {what} beyond chance; the clearest is {most}."
    else:
        said = f"{len(away)} of {n} show{'s' if len(away) == 1 else ''} {what} where there can be none: {most}."
    if len(run) < len(table):
        said += f" {len(table) - len(run)} could not be fitted."
    return Check(name=name, tested=tested, passed=away.empty, sentence=said, table=table)
