"""One regressor that needs an instrument: two-stage least squares, and tests that hold where the instrument is weak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from coroi.inference.lagged import Sample, Spread
from coroi.inference.linear import LinearFit, least_squares


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instrumented:
    """A regression with one instrumented regressor and one instrument for it.

    Parameters
    ----------
    structural : LinearFit
        Two-stage least squares; the instrumented regressor is the last column.
    reduced : tuple of LinearFit
        Outcome, and instrumented regressor, on the other regressors and the instrument, which is the last column.
    """

    structural: LinearFit
    reduced: tuple[LinearFit, LinearFit]


def instrumented(
    outcome: np.ndarray, exogenous: np.ndarray, endogenous: np.ndarray, instrument: np.ndarray
) -> Instrumented | None:
    """Fit a regression whose last regressor is instrumented.

    Parameters
    ----------
    outcome, endogenous, instrument : ndarray, shape (n,)
        Effects swept out.
    exogenous : ndarray, shape (n, p)
        The other regressors.

    Returns
    -------
    Instrumented or None
        ``None`` where the instrument is a combination of the other regressors, or moves nothing.

    Notes
    -----
    The bread is that of the fitted regressors, the scores are fitted regressors times structural residuals, so that
    sandwiches are those of two-stage least squares. Reference: Wooldridge (2010), Econometric Analysis of Cross Section
    and Panel Data, sections 5.2 and 8.3.
    """
    design = np.column_stack([exogenous, instrument])
    of_outcome, of_endogenous = least_squares(design, outcome), least_squares(design, endogenous)
    if not of_endogenous.kept[-1]:
        return None
    second = least_squares(np.column_stack([exogenous, endogenous - of_endogenous.residual]), outcome)
    if not second.kept[-1]:
        return None
    regressors = np.column_stack([exogenous, endogenous])[:, second.kept]
    fitted = np.column_stack([exogenous, endogenous - of_endogenous.residual])[:, second.kept]
    residual = outcome - regressors @ second.coef[second.kept]
    structural = LinearFit(
        coef=second.coef, kept=second.kept, bread=second.bread, scores=fitted * residual[:, None], residual=residual
    )
    return Instrumented(structural=structural, reduced=(of_outcome, of_endogenous))


def first_stage_f(sample: Sample, found: Instrumented, spread: Spread) -> float:
    """Return the F statistic of the instrument in the first stage, with the errors of the regression itself.

    Notes
    -----
    With one instrument it is the effective F of Montiel Olea and Pflueger (2013), Journal of Business & Economic
    Statistics 31:358-369.
    """
    first = found.reduced[1]
    return float(first.coef[-1] ** 2 / spread.covariance(sample, first)[-1, -1])


def endogeneity(
    sample: Sample, outcome: np.ndarray, regressors: np.ndarray, found: Instrumented, spread: Spread
) -> float:
    """Return the p-value of the test that least squares and instruments estimate the same.

    Parameters
    ----------
    sample : Sample
    outcome : ndarray, shape (n,)
    regressors : ndarray, shape (n, p + 1)
        Exogenous and endogenous ones.
    found : Instrumented
    spread : Spread
        How errors are computed.

    Returns
    -------
    float
        NaN where the first stage leaves no residual.

    Notes
    -----
    The first stage's residual as a regressor more. Reference: Durbin (1954), Wu (1973), Hausman (1978); Wooldridge
    (2010), section 6.3.1.
    """
    fit = least_squares(np.column_stack([regressors, found.reduced[1].residual]), outcome)
    if not fit.kept[-1]:
        return float("nan")
    ratio = fit.coef[-1] / np.sqrt(spread.covariance(sample, fit)[-1, -1])
    return float(2 * stats.t.sf(abs(ratio), spread.df(sample, int(fit.kept.sum()))))
