"""Firms of several industries over twelve years: satisfaction, revenue, earnings, what their shares are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from coroi.company.clock import Flags, Floats, stream
from coroi.company.factors import DECIMALS, FACTORS, YEARS, draw_factors, market_months
from coroi.company.scenario import World

INDUSTRIES = ("banks", "energy", "insurance", "retail", "telecoms", "travel")
FIRMS_PER_INDUSTRY = 8
N_FIRMS = len(INDUSTRIES) * FIRMS_PER_INDUSTRY
INDEX_CENTRE, INDEX_SD = 74.0, 4.0
OWN_SD, MOVING_SD, KEPT = 0.6, 0.8, 0.8  # of satisfaction, in standard deviations of the index
QUALITY_IN_LEVEL = 0.5
REVENUE, SIZE_SD, SIZE_BY_QUALITY = 2e9, 0.6, 0.3  # the last two in logs
GROWTH, GROWTH_BY_QUALITY, OWN_GROWTH_SD, INDUSTRY_GROWTH_SD = 0.03, 0.01, 0.05, 0.04  # a year
GROWTH_BY_SATISFACTION, GAINS_DIFFER = 0.03, 0.5
MARGIN, MARGIN_BY_QUALITY, MARGIN_SD = 0.09, 0.02, 0.012
MARGIN_BY_EFFORT = (-0.020, -0.010)  # per standard deviation, in the year of the effort and the one after
MARGIN_BY_SATISFACTION = 0.004  # two years later
VALUE_TO_REVENUE, VALUE_SD = 1.2, 0.3
BETAS, BETA_SDS = (1.0, 0.2, 0.0, 0.0), (0.25, 0.3, 0.3, 0.15)
OWN_RETURN_SD = 0.04  # a month
UNPRICED = 0.3
PAYOUT = 0.045  # of the value, a year
LOWEST_RETURN = -0.9
GOING, GOING_BY_VALUE = -4.2, -1.2  # log-odds a year
EARLIER = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """Chance of independent panels of firms, whatever is done to them; axes are panels, firms, then time or kinds.

    Parameters
    ----------
    factors, risk_free : numpy.ndarray
        The markets, shape (n_panels, n_factors, n_months) and (n_panels, n_months).
    traits : numpy.ndarray
        Quality, own level of satisfaction, gain, size, value; shape (n_panels, n_firms, 5).
    moves, growth, margins, chances : numpy.ndarray
        Shape (n_panels, n_firms, n_years); the first one has two earlier years too.
    industries : numpy.ndarray
        Growth of industries, shape (n_panels, n_industries, n_years).
    betas : numpy.ndarray
        Shape (n_panels, n_firms, n_factors).
    returns : numpy.ndarray
        Shape (n_panels, n_firms, n_months).
    """

    factors: Floats
    risk_free: Floats
    traits: Floats
    moves: Floats
    growth: Floats
    margins: Floats
    chances: Floats
    industries: Floats
    betas: Floats
    returns: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fortunes:
    """What becomes of the firms, gone or not; arrays have shape (n_panels, n_firms, n_years) unless said otherwise.

    Parameters
    ----------
    satisfaction : numpy.ndarray
        Standard deviations about the mean of all firms.
    revenue, earnings, value : numpy.ndarray
        Money of the year, and value of the shares at its end.
    there : numpy.ndarray
        Whether the firm is still there.
    returns : numpy.ndarray
        Total returns, fractions per month, shape (n_panels, n_firms, n_months).
    """

    satisfaction: Floats
    revenue: Floats
    earnings: Floats
    value: Floats
    there: Flags
    returns: Floats


def draw_firms(seed: int, n_panels: int = 1) -> Draws:
    """Draw the chance of panels of 48 firms; equal seeds give equal chance in every scenario."""
    shape = (n_panels, N_FIRMS)
    factors, risk_free = draw_factors(stream(seed, "share market"), n_panels)
    lots = stream(seed, "firms")
    return Draws(
        factors=factors,
        risk_free=risk_free,
        traits=lots.standard_normal((*shape, 5)),
        moves=lots.standard_normal((*shape, EARLIER + YEARS)),
        growth=lots.standard_normal((*shape, YEARS)),
        margins=lots.standard_normal((*shape, YEARS)),
        chances=lots.random((*shape, YEARS)),
        industries=lots.standard_normal((n_panels, len(INDUSTRIES), YEARS)),
        betas=np.array(BETAS) + np.array(BETA_SDS) * lots.standard_normal((*shape, len(FACTORS))),
        returns=stream(seed, "firm returns").standard_normal((*shape, 12 * YEARS)),
    )


def unfold(draws: Draws, world: World, raised: Floats | None = None) -> Fortunes:
    """Let the years pass.

    Parameters
    ----------
    draws : Draws
        The chance.
    world : World
        The company's rules. Every effect of satisfaction is multiplied by `loyalty`, its costs too. Better firms are
        bigger, grow faster and, where `loyalty` works or there is a `trait`, have more satisfied customers, which is
        no effect; without `heterogeneity` no firm is better.
    raised : numpy.ndarray, optional
        Added to every firm's satisfaction by year, in standard deviations, shape (n_years,).

    Notes
    -----
    Satisfaction is a firm's own level and a first-order autoregression. What is new in it costs margin this year and
    next; its level raises growth from the next year on and margin two years later, for some firms more than for others.
    Shares follow the factors, the news of growth, and chance. Of the growth that satisfaction brings, 70 % are paid
    for by a lower pay-out; the rest the market learns late, which is all the alpha there is. A firm whose value falls
    is likelier to be gone at the year's end.
    """
    quality, own, gain = _traits(draws, world)
    loyalty, steady = world.scenario.loyalty, GROWTH_BY_QUALITY * quality[..., None]
    moving = _moving(draws.moves) + np.append(np.zeros(EARLIER), np.zeros(YEARS) if raised is None else raised)
    felt = own[..., None] + moving
    grown = loyalty * GROWTH_BY_SATISFACTION * gain[..., None] * felt[..., 1:-1]
    news = OWN_GROWTH_SD * draws.growth
    news = news + INDUSTRY_GROWTH_SD * np.repeat(draws.industries, FIRMS_PER_INDUSTRY, axis=1)
    differ = SIZE_SD * draws.traits[..., 3] if world.switches.heterogeneity else 0.0
    size = np.log(REVENUE) + SIZE_BY_QUALITY * quality + differ
    revenue = np.exp(size[..., None] + np.cumsum(GROWTH + steady + grown + news, axis=2))
    returns = _returns(draws, UNPRICED * grown + news)
    gained = np.log1p(returns).reshape(*news.shape, 12).sum(axis=3)
    rise = np.cumsum(gained - PAYOUT + (1 - UNPRICED) * grown + steady, axis=2)
    start = size + np.log(VALUE_TO_REVENUE) + VALUE_SD * draws.traits[..., 4]
    return Fortunes(
        satisfaction=felt[..., EARLIER:],
        revenue=revenue,
        earnings=revenue * (_margin(draws, quality) + loyalty * _margin_by_satisfaction(felt, moving)),
        value=np.exp(start[..., None] + rise),
        there=_there(rise, draws.chances),
        returns=returns,
    )


def _margin(draws: Draws, quality: Floats) -> Floats:
    return np.asarray(MARGIN + MARGIN_BY_QUALITY * quality[..., None] + MARGIN_SD * draws.margins)


def _margin_by_satisfaction(felt: Floats, moving: Floats) -> Floats:
    """Return what satisfaction costs when it is raised, and what it brings two years later."""
    effort = moving[..., 1:] - KEPT * moving[..., :-1]
    cost = MARGIN_BY_EFFORT[0] * effort[..., 1:] + MARGIN_BY_EFFORT[1] * effort[..., :-1]
    return np.asarray(cost + MARGIN_BY_SATISFACTION * felt[..., :-EARLIER])


def _traits(draws: Draws, world: World) -> tuple[Floats, Floats, Floats]:
    """Return each firm's quality, own level of satisfaction, and how much it gains by satisfaction."""
    quality, own, gain = (draws.traits[..., i] for i in range(3))
    if not world.switches.heterogeneity:
        return np.zeros_like(quality), np.zeros_like(own), np.ones_like(gain)
    share = world.scenario.trait or QUALITY_IN_LEVEL * min(world.scenario.loyalty, 1.0)
    return quality, OWN_SD * (share * quality + np.sqrt(1 - share**2) * own), 1 + GAINS_DIFFER * gain


def _moving(moves: Floats) -> Floats:
    """Return a first-order autoregression in its stationary distribution, along the last axis."""
    found = MOVING_SD * moves
    for year in range(1, moves.shape[2]):
        found[..., year] = KEPT * found[..., year - 1] + MOVING_SD * np.sqrt(1 - KEPT**2) * moves[..., year]
    return found


def _returns(draws: Draws, yearly: Floats) -> Floats:
    by_factors = draws.betas @ draws.factors + draws.risk_free[:, None, :]
    found = by_factors + np.repeat(yearly / 12, 12, axis=2) + OWN_RETURN_SD * draws.returns
    return np.asarray(found.clip(LOWEST_RETURN))


def _there(rise: Floats, chances: Floats) -> Flags:
    """Tell which firms are there in each year, from the logarithm of their value relative to the start."""
    usual = GROWTH * np.arange(1, YEARS + 1)
    goes = chances < expit(GOING + GOING_BY_VALUE * (rise - usual))
    gone = np.cumsum(goes, axis=2) > 0
    return np.concatenate([np.ones_like(gone[..., :1]), ~gone[..., :-1]], axis=2)


def firms_table(fortunes: Fortunes, months: int) -> pd.DataFrame:
    """Return the table `firms` of the first panel: firm-years from their first day, the last one the company's last.

    Parameters
    ----------
    fortunes : Fortunes
        The panels.
    months : int
        Months of the company.
    """
    firm, year = np.nonzero(fortunes.there[0])
    money = {
        name: np.rint(getattr(fortunes, kind)[0][firm, year]).astype(np.int64)
        for name, kind in (("revenue", "revenue"), ("earnings", "earnings"), ("market_value", "value"))
    }
    index = INDEX_CENTRE + INDEX_SD * fortunes.satisfaction[0][firm, year]
    return pd.DataFrame(
        {
            "firm_id": _names()[firm],
            "period": market_months(months)[12 * year],
            "industry": np.repeat(INDUSTRIES, FIRMS_PER_INDUSTRY)[firm],
            "satisfaction": np.round(index, 2),
        }
        | money
    )


def firm_returns_table(fortunes: Fortunes, months: int) -> pd.DataFrame:
    """Return the table `firm_returns` of the first panel: every month of the years in which a firm is there."""
    firm, month = np.nonzero(np.repeat(fortunes.there[0], 12, axis=1))
    return pd.DataFrame(
        {
            "firm_id": _names()[firm],
            "month": market_months(months)[month],
            "total_return": np.round(fortunes.returns[0][firm, month], DECIMALS),
        }
    )


def _names() -> np.ndarray:
    return np.array([f"F{i:02d}" for i in range(1, N_FIRMS + 1)], dtype=object)
