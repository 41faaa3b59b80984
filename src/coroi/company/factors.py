"""The share market: what moves all shares, month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.company.clock import FIRST_MONTH, Floats

FACTORS = ("market", "smb", "hml", "mom")
MEANS = (0.006, 0.001, 0.002, 0.004)  # per month
SPREADS = (0.043, 0.028, 0.028, 0.038)
RISK_FREE, RISK_FREE_SD, RISK_FREE_KEPT = 0.002, 0.001, 0.95
YEARS = 12
MONTHS = 12 * YEARS
DECIMALS = 4


def draw_factors(chance: np.random.Generator, n_markets: int) -> tuple[Floats, Floats]:
    """Draw independent markets.

    Returns
    -------
    tuple of numpy.ndarray
        Factors, fractions per month, shape (n_markets, n_factors, n_months), and the risk-free rate, shape
        (n_markets, n_months): a first-order autoregression, cut at zero.

    Notes
    -----
    The market is the same in every scenario and under every switch.
    """
    factors = np.array(MEANS)[:, None] + np.array(SPREADS)[:, None] * chance.standard_normal(
        (n_markets, len(FACTORS), MONTHS)
    )
    news = chance.standard_normal((n_markets, MONTHS))
    rate = np.empty((n_markets, MONTHS))
    above = RISK_FREE_SD * news[:, 0]
    for month in range(MONTHS):
        rate[:, month] = RISK_FREE + above
        following = news[:, (month + 1) % MONTHS]
        above = RISK_FREE_KEPT * above + RISK_FREE_SD * np.sqrt(1 - RISK_FREE_KEPT**2) * following
    return factors, rate.clip(0.0)


def market_months(months: int) -> np.ndarray:
    """Return the first days of the 144 months that end with the company's last one."""
    last = FIRST_MONTH + months
    return np.arange(last - MONTHS, last).astype("datetime64[D]").astype("datetime64[s]")


def factors_table(factors: Floats, risk_free: Floats, months: int) -> pd.DataFrame:
    """Return the table `factors` of one market.

    Parameters
    ----------
    factors : numpy.ndarray
        Shape (n_factors, n_months).
    risk_free : numpy.ndarray
        Shape (n_months,).
    months : int
        Months of the company.
    """
    columns = dict(zip(FACTORS, np.round(factors, DECIMALS), strict=True))
    return pd.DataFrame({"month": market_months(months)} | columns | {"risk_free": np.round(risk_free, DECIMALS)})
