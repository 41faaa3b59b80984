"""Calendar-time portfolios: what firms with high scores return beyond the factors, less those with low scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.holdings import hold, period_table, published, turnover_table
from coroi.inference.market import Market, read_market
from coroi.inference.moved import Moved
from coroi.inference.other_markets import check_other_markets
from coroi.inference.series import SeriesErrors, fit_series, usual_lags, usual_waves
from coroi.inference.variants import Told
from coroi.models.info import Info
from coroi.results import Result

INFO = Info(
    estimand=(
        "mean return per period of a portfolio beyond what its exposure to the factors explains (alpha): of firms with "
        "a high score, of those with a low one, and of the first less the second"
    ),
    unit="fraction per period",
    assumptions=(
        ("scores were public before the period whose return they sort", "dates, by who prepares the rows"),
        ("the factors are those that investors ask to be paid for", "untestable"),
        ("exposures to the factors are constant over time", "untestable"),
        ("returns depend on each other no longer than the errors' slow waves can follow", "untestable"),
        ("firms that leave end with their last return", "exits"),
        ("trading costs nothing", "turnover beside it"),
    ),
    reference=(
        "Jaffe (1974), Journal of Business 47:410-428; Carhart (1997), Journal of Finance 52:57-82; errors: Lazarus, "
        "Lewis, Stock and Watson (2018), Journal of Business & Economic Statistics 36:541-559, or Newey and West "
        "(1987), Econometrica 55:703-708; losses on leaving: Shumway (1997), Journal of Finance 52:327-340"
    ),
)
PORTFOLIOS = ("high", "low", "high less low")
FEWEST_PERIODS, FEWEST_FIRMS = 24, 5


def simulate_portfolio(
    rng: np.random.Generator,
    *,
    firms: int,
    years: int,
    alpha: float,
    share: float = 0.25,
    noise: float = 0.06,
    leaving: float = 0.0,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw monthly returns that follow factors and the score of the year before, which is what is mispriced.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    firms, years : int
        Firms and years of twelve months.
    alpha : float
        Monthly return beyond the factors of the best by score, less that of the worst; half on each side.
    share : float
        Share of firms on each side.
    noise : float
        Standard deviation of a firm's own monthly return.
    leaving : float
        Chance to leave at a year's end, ten times as high after a loss beyond a third.

    Returns
    -------
    frame : pandas.DataFrame
        ``entity, period, total_return, score`` and, alike for all of a month, ``market, smb`` and ``risk_free``.
    truth : dict of str to float
        Alphas of ``high``, ``low`` and ``high less low``, where no firm leaves.
    """
    months = 12 * years
    factors = np.array([0.006, 0.001])[:, None] + np.array([0.045, 0.03])[:, None] * rng.normal(size=(2, months))
    risk_free = 0.002 + 0.0005 * rng.normal(size=months).cumsum() / np.sqrt(months)
    betas = np.array([1.0, 0.2]) + np.array([0.25, 0.3]) * rng.normal(size=(firms, 2))
    score = rng.normal(size=(firms, years))
    place = score.argsort(axis=0).argsort(axis=0)
    count = int(share * firms)
    extra = alpha / 2 * ((place >= firms - count).astype(float) - (place < count))
    returns = betas @ factors + risk_free + np.repeat(extra, 12, axis=1) + noise * rng.normal(size=(firms, months))
    grown = np.prod(1 + returns.reshape(firms, years, 12), axis=2)
    leaves = rng.random((firms, years)) < leaving * np.where(grown < 2 / 3, 10, 1)
    firm, month = np.nonzero(np.repeat(leaves.cumsum(axis=1) == leaves, 12, axis=1))
    frame = pd.DataFrame(
        {
            "entity": firm,
            "period": month,
            "total_return": returns[firm, month],
            "score": score[firm, month // 12],
            "market": factors[0, month],
            "smb": factors[1, month],
            "risk_free": risk_free[month],
        }
    )
    return frame, {"high": alpha / 2, "low": -alpha / 2, "high less low": alpha}


def fit_portfolio(
    data: pd.DataFrame,
    *,
    factors: pd.DataFrame,
    metric: str,
    outcome: str = "total_return",
    names: Sequence[str] = ("market", "smb", "hml", "mom"),
    risk_free: str = "risk_free",
    size: str | None = None,
    industry: str | None = None,
    share: float = 0.25,
    errors: SeriesErrors = "cosine",
    n_parts: int | None = None,
    entity: str = "entity",
    period: str = "period",
    level: float = 0.95,
    keep_influence: bool = False,
) -> Result:
    """Form portfolios of high- and low-scoring firms whenever scores are published, and regress their returns.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a firm and period in which its shares returned something.
    factors : pandas.DataFrame
        One row a period: the column `period`, the factors and the risk-free return.
    metric : str
        The score that was public before the period; larger is better.
    outcome : str
        Total return of the period, a fraction.
    names : sequence of str
        Factors to regress on; those that are not there, or hold nothing, are left out.
    risk_free : str
        The risk-free return in `factors`.
    size : str, optional
        Value at the period's start to weight by when portfolios are formed; equal weights by default.
    industry : str, optional
        Column of the industry, within which scores are then set against each other.
    share : float
        Share of the firms with a score in each portfolio.
    errors : str
        ``cosine``: from slow waves of time, with t quantiles made for few of them; ``newey_west``: from lags, with t
        quantiles as if they were many, which come out too narrow in some twelve years of months.
    n_parts : int, optional
        Waves, the whole part of 0.4 T^(2/3) by default; or lags, the whole part of 4 (T / 100)^(2/9).
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each wave, or of each block of periods, by the number of its first.

    Returns
    -------
    Result
        By ``portfolio`` (``high``, ``low``, ``high less low``): ``alpha``, the exposure to each factor, and ``mean``,
        the mean return less the risk-free one, or of the difference. Not identified: fewer than 24 periods in which
        both hold at least 5 firms when formed. Checks ``best_firm``, ``survivors`` and ``exits``; tables ``periods``
        and ``turnover``.

    Raises
    ------
    DataError
        If a column is missing, or a key is missing or repeated.

    Notes
    -----
    Weights drift with returns until the next score. The covariance has the factor T / (T − k) and is a sum over B waves
    of time, with t quantiles of B degrees of freedom; or Newey and West's, a sum over overlapping blocks of periods,
    with T − k. Influence joins results of the same periods and errors. Assumptions: see ``INFO``.
    """
    named = {"outcome": outcome, "metric": metric, "size": size, "industry": industry}
    market = read_market(data, factors, named, names=names, risk_free=risk_free, entity=entity, period=period)
    asked = _Asked(share, errors, n_parts)
    found = _estimate(market, asked)
    labels = [f"{key['portfolio']}: {key['term']}" for key in found.keys]
    vcov, influence = found.moved.frames(labels)
    return Result(
        method="portfolio",
        estimand=INFO.estimand,
        spec={
            "metric": metric,
            "outcome": outcome,
            "factors": list(market.names),
            "weights": "equal" if size is None else size,
            "industry": industry,
            "share": share,
            "n_parts": found.n_parts,
            "level": level,
            "errors": _SAID[errors],
        },
        estimates=found.moved.rows(found.keys, level),
        vcov=vcov,
        influence=influence if keep_influence else None,
        n_obs=found.n_periods,
        n_entities=market.returns.shape[1],
        checks=check_other_markets(
            market, found.brought, found.headline, lambda other: _estimate(other, asked).headline
        ),
        tables=found.tables,
    )


_SAID = {
    "cosine": "equal-weighted cosines, factor T / (T - k), t with as many degrees of freedom as waves",
    "newey_west": "Newey-West, factor T / (T - k), t with T - k degrees of freedom",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Share of the firms in each portfolio, and how errors are computed."""

    share: float
    errors: SeriesErrors
    n_parts: int | None

    def parts(self, n_periods: int) -> int:
        """Return how many waves or lags errors take."""
        usual = usual_waves if self.errors == "cosine" else usual_lags
        return usual(n_periods) if self.n_parts is None else self.n_parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What is estimated, and what each firm brought to the first portfolio less the second."""

    moved: Moved
    keys: list[dict[str, object]]
    n_periods: int
    n_parts: int
    tables: dict[str, pd.DataFrame]
    brought: np.ndarray

    @property
    def headline(self) -> Told:
        """The alpha of the first portfolio less the second."""
        at = self.keys.index({"portfolio": PORTFOLIOS[2], "term": "alpha"})
        if self.moved.reasons[at]:
            return Told(reason=self.moved.reasons[at])
        return Told(estimate=float(self.moved.coef[at]), std_error=float(self.moved.errors[at]))


def _estimate(market: Market, asked: _Asked) -> _Found:
    score = market.score if market.industry is None else market.score_within_industry
    formed = published(market.score)
    held = hold(market.returns, score, market.size, formed=formed, share=asked.share, least=FEWEST_FIRMS)
    returns = held.returns(market.returns)
    known = ~np.isnan(np.column_stack([returns.T, market.risk_free, market.factors])).any(axis=1)
    n, k = int(known.sum()), 1 + len(market.names)
    both = f"both portfolios hold at least {FEWEST_FIRMS} firms, and the factors are known"
    why = "" if n >= max(FEWEST_PERIODS, 2 * k) else f"in only {n:,} periods {both}"
    excess = np.stack([returns[0] - market.risk_free, returns[1] - market.risk_free, returns[0] - returns[1]])[:, known]
    design = np.column_stack([np.ones(n), market.factors[known]])
    keys: list[dict[str, object]] = [
        {"portfolio": name, "term": t} for name in PORTFOLIOS for t in ("alpha", *market.names, "mean")
    ]
    moved = _tied(design, excess, market.periods[known], asked, why)
    return _Found(
        moved=moved,
        keys=keys,
        n_periods=n,
        n_parts=asked.parts(n),
        tables={
            "periods": period_table(held, market.periods, returns, market.risk_free, known),
            "turnover": turnover_table(held, market.periods),
        },
        brought=np.nansum(((held.weights[0] - held.weights[1]) * market.returns)[known], axis=0),
    )


def _tied(design: np.ndarray, excess: np.ndarray, period: np.ndarray, asked: _Asked, why: str) -> Moved:
    """Regress each portfolio on the factors and on a constant alone, and tie all by what their errors share."""
    n, k = design.shape
    designs = [x for _ in PORTFOLIOS for x in (design, design[:, :1])]
    if why:
        many = len(PORTFOLIOS) * (k + 1)
        return Moved(
            coef=np.full(many, np.nan), influence=np.zeros((1, many)), clusters=pd.RangeIndex(1), reasons=(why,) * many
        )
    outcomes = np.repeat(excess, 2, axis=0)
    n_parts = asked.parts(n)
    fits = [fit_series(x, y, period, asked.errors, n_parts) for x, y in zip(designs, outcomes, strict=True)]
    g = len(fits[0].labels)
    scale = [np.sqrt(n / (n - x.shape[1]) * (g - 1) / g) for x in designs]  # a tie puts G / (G - 1) in
    gone = "it does not vary, or is a combination of the others"
    return Moved(
        coef=np.concatenate([fit.coef for fit in fits]),
        influence=np.hstack([fit.parts * by for fit, by in zip(fits, scale, strict=True)]),
        clusters=pd.Index(fits[0].labels),
        reasons=tuple("" if kept else gone for fit in fits for kept in fit.kept),
        freedom=np.concatenate([np.full(len(fit.coef), fit.freedom) for fit in fits]),
    )
