"""Calendar-time portfolios: what firms with high scores return beyond the factors, less those with low scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.inference.holdings import hold, period_table, published, turnover_table
from coroi.inference.market import Market, read_market
from coroi.inference.moved import Moved
from coroi.inference.series import fit_series, usual_lags
from coroi.inference.variants import Told, check_variant
from coroi.models.info import Info
from coroi.results import Check, Result

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
        ("returns depend on each other over no more periods than the errors allow", "untestable"),
        ("firms that leave end with their last return", "exits"),
        ("trading costs nothing", "turnover beside it"),
    ),
    reference=(
        "Jaffe (1974), Journal of Business 47:410-428; Carhart (1997), Journal of Finance 52:57-82; Newey and West "
        "(1987), Econometrica 55:703-708; losses on leaving: Shumway (1997), Journal of Finance 52:327-340"
    ),
)
PORTFOLIOS = ("high", "low", "high less low")
FEWEST_PERIODS, FEWEST_FIRMS = 24, 5
LOSS_ON_LEAVING = -0.30  # Shumway's (1997) for delistings over bad performance


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
    n_lags: int | None = None,
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
    n_lags : int, optional
        Periods over which returns may depend on each other; the whole part of 4 (T / 100)^(2/9) by default.
    entity, period : str
        Columns of who and when; periods are whole numbers that count time.
    level : float
        Level of the intervals.
    keep_influence : bool
        Keep the influence of each block of periods, by the number of its first.

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
    Weights drift with returns until the next score. Errors are Newey and West's with the factor T / (T − k) and t
    quantiles with T − k degrees of freedom. Their covariance is a sum over overlapping blocks of periods, the influence
    of which joins results of the same periods and lags. Assumptions: see ``INFO``.
    """
    named = {"outcome": outcome, "metric": metric, "size": size, "industry": industry}
    market = read_market(data, factors, named, names=names, risk_free=risk_free, entity=entity, period=period)
    found = _estimate(market, share, n_lags)
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
            "n_lags": found.n_lags,
            "level": level,
            "errors": "Newey-West, factor T / (T - k), t with T - k degrees of freedom",
        },
        estimates=found.moved.rows(found.keys, level),
        vcov=vcov,
        influence=influence if keep_influence else None,
        n_obs=found.n_periods,
        n_entities=market.returns.shape[1],
        checks=_checks(market, found, lambda other: _estimate(other, share, n_lags)),
        tables=found.tables,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What is estimated, and what each firm brought to the first portfolio less the second."""

    moved: Moved
    keys: list[dict[str, object]]
    n_periods: int
    n_lags: int
    tables: dict[str, pd.DataFrame]
    brought: np.ndarray

    @property
    def headline(self) -> Told:
        """The alpha of the first portfolio less the second."""
        at = self.keys.index({"portfolio": PORTFOLIOS[2], "term": "alpha"})
        if self.moved.reasons[at]:
            return Told(reason=self.moved.reasons[at])
        return Told(estimate=float(self.moved.coef[at]), std_error=float(self.moved.errors[at]))


def _estimate(market: Market, share: float, n_lags: int | None) -> _Found:
    score = market.score if market.industry is None else market.score_within_industry
    formed = published(market.score)
    held = hold(market.returns, score, market.size, formed=formed, share=share, least=FEWEST_FIRMS)
    returns = held.returns(market.returns)
    known = ~np.isnan(np.column_stack([returns.T, market.risk_free, market.factors])).any(axis=1)
    n, k = int(known.sum()), 1 + len(market.names)
    lags = usual_lags(n) if n_lags is None else n_lags
    both = f"both portfolios hold at least {FEWEST_FIRMS} firms, and the factors are known"
    why = "" if n >= max(FEWEST_PERIODS, 2 * k) else f"in only {n:,} periods {both}"
    excess = np.stack([returns[0] - market.risk_free, returns[1] - market.risk_free, returns[0] - returns[1]])[:, known]
    design = np.column_stack([np.ones(n), market.factors[known]])
    keys: list[dict[str, object]] = []
    parts = []
    for name, outcome in zip(PORTFOLIOS, excess, strict=True):
        keys += [{"portfolio": name, "term": term} for term in ("alpha", *market.names, "mean")]
        parts += [_series(x, outcome, market.periods[known], lags, why) for x in (design, design[:, :1])]
    moved = Moved(
        coef=np.concatenate([part[0] for part in parts]),
        influence=np.hstack([part[1] for part in parts]),
        clusters=pd.RangeIndex(len(parts[0][1])) + (int(market.periods[known][0]) - lags if n else 0),
        reasons=tuple(reason for part in parts for reason in part[2]),
        freedom=np.array([max(n - size, 1) for _ in PORTFOLIOS for size in [k] * k + [1]]),
    )
    return _Found(
        moved=moved,
        keys=keys,
        n_periods=n,
        n_lags=lags,
        tables={
            "periods": period_table(held, market.periods, returns, market.risk_free, known),
            "turnover": turnover_table(held, market.periods),
        },
        brought=np.nansum(((held.weights[0] - held.weights[1]) * market.returns)[known], axis=0),
    )


def _series(
    design: np.ndarray, outcome: np.ndarray, period: np.ndarray, n_lags: int, why: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return coefficients, influence of blocks with the small-sample factor in it, and reasons."""
    n, k = design.shape
    if why:
        return np.full(k, np.nan), np.zeros((1, k)), [why] * k
    coef, kept, blocks = fit_series(design, outcome, period, n_lags)
    g = len(blocks)
    reasons = ["" if known else "it does not vary, or is a combination of the others" for known in kept]
    return coef, blocks * np.sqrt(n / (n - k) * (g - 1) / g), reasons


def _checks(market: Market, found: _Found, again: Callable[[Market], _Found]) -> tuple[Check, ...]:
    """Estimate without the firm that brought most, with survivors alone, and with a loss for all who left."""
    n = len(found.brought)
    stays = market.survivors
    others = np.arange(n) != found.brought.argmax()
    kinds = {
        "best_firm": (
            "whether one firm makes the result",
            "The firm that brought most to the difference was left out.",
            lambda: market.keep(others),
        ),
        "survivors": (
            "whether the firms that leave make a difference",
            f"{int((~stays).sum()):,} of {n:,} firms have no return in the last period; they were left out.",
            lambda: market.keep(stays),
        ),
        "exits": (
            "whether a loss on leaving, which no return shows, would make a difference",
            f"Every firm that leaves was given a loss of {-LOSS_ON_LEAVING:.0%} at the end of its last period.",
            lambda: market.with_loss(LOSS_ON_LEAVING),
        ),
    }
    checks = []
    for name, (tested, lead, made) in kinds.items():
        if name != "best_firm" and stays.all():
            said = "Every firm has a return in the last period."
            checks.append(Check(name=name, tested=tested, passed=True, sentence=said))
            continue
        usual, what, labels = found.headline, "the alpha of the difference per period", ("as reported", name)
        other = usual if usual.reason else again(made()).headline
        check = check_variant(name=name, tested=tested, lead=lead, what=what, usual=usual, other=other, labels=labels)
        checks.append(check)
    return tuple(checks)
