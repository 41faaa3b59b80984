"""A geometric lag by least squares and by instrument, on the same rows, and what follows for the long run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import linalg

from coroi.inference.estimates import unknown
from coroi.inference.instruments import Instrumented, instrumented
from coroi.inference.lagged import Sample, Spread, hindrance, quantile_of, stacked, stated
from coroi.inference.left_out import Answer
from coroi.inference.linear import LinearFit, least_squares
from coroi.inference.ratios import delta, ratio_row, with_set

TERMS = ("immediate", "carry_over", "long_run", "mean_lag")
NO_ROW = "no row has its outcome and metric, those of the period before, and its controls"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Both fits on the same rows, and why there is none.

    Parameters
    ----------
    sample : Sample
    spread : Spread
    ols : LinearFit or None
        Its last two coefficients are those of the metric and of the earlier outcome.
    iv : Instrumented or None
    why, why_iv : str
        Why there is no fit, or none by instrument.
    """

    sample: Sample
    spread: Spread
    ols: LinearFit | None
    iv: Instrumented | None
    why: str
    why_iv: str

    def width(self, level: float) -> float:
        """Return how many standard errors an interval reaches to either side."""
        assert self.ols is not None
        return quantile_of(level, self.spread.df(self.sample, int(self.ols.kept.sum())))


def fit_pair(sample: Sample, spread: Spread) -> Pair:
    """Fit both.

    Parameters
    ----------
    sample : Sample
        Outcome, controls, metric, the outcome of the period before, and the metric of the period before.
    spread : Spread
        How errors are computed.
    """
    if not sample.n_obs:
        return Pair(sample=sample, spread=spread, ols=None, iv=None, why=NO_ROW, why_iv=NO_ROW)
    outcome, design, instrument = sample.values[:, 0], sample.values[:, 1:-1], sample.values[:, -1]
    ols = least_squares(design, outcome)
    wanted = np.arange(design.shape[1]) >= design.shape[1] - 2
    why = hindrance(
        replace(sample, values=sample.values[:, :-1]), ols, wanted, spread, what="the metric or the outcome's past"
    )
    if why:
        return Pair(sample=sample, spread=spread, ols=ols, iv=None, why=why, why_iv=why)
    iv = instrumented(outcome, design[:, :-1], design[:, -1], instrument)
    unmoved = "" if iv else "the metric of the period before, the instrument, tells nothing beside the present one"
    return Pair(sample=sample, spread=spread, ols=ols, iv=iv, why="", why_iv=unmoved)


def ols_rows(pair: Pair, level: float) -> list[dict]:
    """Return the estimates by least squares: t intervals, and Fieller's sets for the ratios."""
    if pair.why or pair.ols is None:
        return _nothing("ols", pair.why)
    width = pair.width(level)
    beta, share = pair.ols.coef[-2:]
    covariance = pair.spread.covariance(pair.sample, pair.ols)[-2:, -2:]
    errors = np.sqrt(np.diag(covariance))
    turned = np.array([[1.0, 0.0], [0.0, -1.0]])
    long_run = (beta, 1 - share, turned @ covariance @ turned)
    mean_lag = (share, 1 - share, covariance[1, 1] * np.array([[1.0, -1.0], [-1.0, 1.0]]))
    return [
        _row("immediate", "ols", "t", stated(beta, errors[0], width)),
        _row("carry_over", "ols", "t", stated(share, errors[1], width)),
        *_ratios("ols", "fieller", share, {"long_run": long_run, "mean_lag": mean_lag}, width),
    ]


def iv_rows(pair: Pair, level: float) -> list[dict]:
    """Return the estimates by instrument, their sets from the reduced form.

    Notes
    -----
    With reduced-form coefficients b of the metric and p of the instrument, in the outcome's (y) and the earlier
    outcome's (l) regression, the carry-over is p_y / p_l, and its Anderson–Rubin set is Fieller's. The long run is
    (b_y p_l − p_y b_l) / (p_l − p_y); its set holds the values at which numerator − value · denominator is not further
    from zero than its error there. Neither divides by the instrument's own coefficient, which may be near zero.
    Reference: Anderson and Rubin (1949), Annals of Mathematical Statistics 20:46-63; Andrews, Stock and Sun (2019),
    Annual Review of Economics 11:727-753, section 5.
    """
    if pair.why_iv or pair.iv is None:
        return _nothing("iv", pair.why_iv)
    width, of_outcome, of_lagged = pair.width(level), *pair.iv.reduced
    q = len(of_outcome.bread)
    both = pair.spread.joint(pair.sample, pair.iv.reduced)
    covariance = both[np.ix_([q - 2, q - 1, 2 * q - 2, 2 * q - 1], [q - 2, q - 1, 2 * q - 2, 2 * q - 1])]
    (b_y, pi_y), (b_l, pi_l) = of_outcome.coef[-2:], of_lagged.coef[-2:]

    def ratio(one: tuple[float, np.ndarray], other: tuple[float, np.ndarray]) -> tuple[float, float, np.ndarray]:
        slopes = np.stack([one[1], other[1]])
        return one[0], other[0], slopes @ covariance @ slopes.T

    earlier, later = (pi_l, np.array([0.0, 0.0, 0.0, 1.0])), (pi_y, np.array([0.0, 1.0, 0.0, 0.0]))
    left = (pi_l - pi_y, np.array([0.0, -1.0, 0.0, 1.0]))
    total = (b_y * pi_l - pi_y * b_l, np.array([pi_l, -b_l, -pi_y, b_y]))
    fit = pair.iv.structural
    error = np.sqrt(pair.spread.covariance(pair.sample, fit)[-2, -2])
    return [
        _row("immediate", "iv", "t", stated(fit.coef[-2], error, width)),
        _row("carry_over", "iv", "inversion", ratio_row(*ratio(later, earlier), width)),
        *_ratios(
            "iv", "inversion", fit.coef[-1], {"long_run": ratio(total, left), "mean_lag": ratio(later, left)}, width
        ),
    ]


def _row(term: str, estimator: str, interval: str, columns: dict) -> dict:
    return {"term": term, "estimator": estimator, "interval": interval} | with_set(columns)


def _ratios(estimator: str, interval: str, share: float, ratios: dict, width: float) -> list[dict]:
    """Return long run and mean lag, each with its set and, for comparison, with the delta method's interval."""
    rows = []
    for term, (numerator, denominator, covariance) in ratios.items():
        if share >= 1:
            never = unknown(f"the carry-over is estimated at {share:.3g}: at one or more an effect never fades")
            rows += [_row(term, estimator, name, never) for name in (interval, "delta")]
            continue
        rows.append(_row(term, estimator, interval, ratio_row(numerator, denominator, covariance, width)))
        rows.append(_row(term, estimator, "delta", stated(*delta(numerator, denominator, covariance), width)))
    return rows


def _nothing(estimator: str, why: str) -> list[dict]:
    how = {"ols": ("t", "t", "fieller", "fieller"), "iv": ("t", "inversion", "inversion", "inversion")}[estimator]
    return [_row(term, estimator, name, unknown(why)) for term, name in zip(TERMS, how, strict=True)]


def _joint(pair: Pair) -> tuple[LinearFit, np.ndarray, list[str]] | None:
    """Return both fits side by side and the linear map to the terms; nothing where one of them is not identified."""
    if pair.ols is None or pair.iv is None or pair.why or pair.why_iv:
        return None
    fits = {"ols": pair.ols, "iv": pair.iv.structural}
    if any(fit.coef[-1] >= 1 for fit in fits.values()):
        return None
    blocks, labels = [], []
    for name, fit in fits.items():
        beta, share = fit.coef[-2:]
        slopes = np.zeros((len(TERMS), len(fit.bread)))
        left = 1 - share
        slopes[:, -2:] = [[1, 0], [0, 1], [1 / left, beta / left**2], [0, 1 / left**2]]
        blocks.append(slopes)
        labels += [f"{term}[{name}]" for term in TERMS]
    return stacked(list(fits.values())), linalg.block_diag(*blocks), labels


def pair_covariance(pair: Pair) -> pd.DataFrame | None:
    """Return the covariance of all terms by both estimators; nothing if one is missing, or errors are classical."""
    joint = _joint(pair)
    if joint is None or pair.spread.errors == "classical":
        return None
    fit, linear, labels = joint
    covariance = linear @ pair.spread.of_scores(pair.sample, fit) @ linear.T
    return pd.DataFrame(covariance, index=labels, columns=labels)


def pair_influence(pair: Pair) -> pd.DataFrame | None:
    """Return each cluster's influence on all terms by both estimators; nothing unless errors are clustered."""
    joint = _joint(pair)
    if joint is None or pair.spread.errors != "clustered":
        return None
    fit, linear, labels = joint
    moved = fit.influence(pair.sample.cluster) @ linear.T
    return pd.DataFrame(moved, index=pair.sample.cluster_names, columns=labels)


def long_run_answers(pair: Pair) -> list[Answer]:
    """Return the long run by least squares and by instrument, and how to get each again from some of the rows.

    Parameters
    ----------
    pair : Pair
        Without those that are not identified, or whose carry-over is one or more.
    """
    joint = _joint(pair)
    if joint is None or pair.ols is None or pair.iv is None:
        return []
    design, found = pair.sample.values[:, 1:-1], []
    told = np.column_stack([design[:, :-1], design[:, -1] - pair.iv.reduced[1].residual])
    for name, fit, weighed in (("least squares", pair.ols, design), ("instrument", pair.iv.structural, told)):
        beta, share = fit.coef[-2:]
        covariance = pair.spread.covariance(pair.sample, fit)[-2:, -2:] * [[1, -1], [-1, 1]]

        def again(some: Sample, by_instrument: bool = name == "instrument") -> float:
            other = fit_pair(some, Spread(errors="classical"))
            one = other.iv.structural if by_instrument and other.iv else None if by_instrument else other.ols
            return float("nan") if one is None else float(_faded(one.coef[None])[0])

        estimate, error = delta(float(beta), float(1 - share), covariance)
        found.append(
            Answer(
                what=f"the long-run effect by {name}",
                estimate=estimate,
                error=error,
                weighed=weighed[:, fit.kept],
                design=design[:, fit.kept],
                coef=fit.coef[fit.kept],
                of=_faded,
                again=again,
            )
        )
    return found


def _faded(coef: np.ndarray) -> np.ndarray:
    """Return the long run from rows of coefficients, the last two of the metric and the earlier outcome."""
    left = 1 - coef[:, -1]
    return np.divide(coef[:, -2], left, out=np.full(len(coef), np.nan), where=left > 0)
