"""Amounts and shares as the sentences of this room write them."""

from __future__ import annotations

import math

WORTH = "what the programme is worth"
NBSP = "\u00a0"
_MOST_DECIMALS = 6


def money(amount: float, currency: str, half_width: float = math.nan) -> str:
    """Write an amount: "EUR 12,300", "EUR −0.45".

    Parameters
    ----------
    amount : float
        In `currency`.
    currency : str
        ISO 4217 code.
    half_width : float
        Half the width of its interval, of which two significant figures are kept; by default three of the amount.
    """
    return f"{currency}{NBSP}{_figures(amount, half_width)}"


def money_range(low: float, high: float) -> str:
    """Write the ends of an amount's interval, rounded alike, to stand behind it: "1,200 to 3,400"."""
    half = (high - low) / 2
    return f"{_figures(low, half)} to {_figures(high, half)}"


def percent(share: float) -> str:
    """Write a share as a percentage, with a decimal below ten."""
    text = f"{100 * abs(share):.1f}" if round(100 * abs(share), 1) < 10 else f"{100 * abs(share):,.0f}"
    return f"{'−' if share < 0 and float(text.replace(',', '')) else ''}{text}{NBSP}%"


def nothing_to_erase(
    what: str, estimate: float, half: float, currency: str, ends: tuple[float, float] | None = None
) -> str:
    """Say that an interval holds zero already; it is the estimate less and plus its half-width unless it is given."""
    low, high = ends or (estimate - half, estimate + half)
    return (
        f"There is nothing to erase: {what}, {money(estimate, currency, half)} ({money_range(low, high)}), "
        "cannot be told from nothing as it is."
    )


def _figures(amount: float, half_width: float) -> str:
    scale = half_width if math.isfinite(half_width) and half_width > 0 else abs(amount) / 10
    places = min(1 - math.floor(math.log10(scale)), _MOST_DECIMALS) if scale > 0 else 0
    rounded = round(amount, places)
    return f"{'−' if rounded < 0 else ''}{abs(rounded):,.{max(places, 0)}f}"
