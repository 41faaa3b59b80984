"""What becomes of a portfolio's return without its best firm, without those that leave, and with losses on leaving."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coroi.inference.market import Market
from coroi.inference.variants import Told, check_variant
from coroi.results import Check

LOSS_ON_LEAVING = -0.30  # Shumway's (1997) for delistings over bad performance


def check_other_markets(
    market: Market, brought: np.ndarray, usual: Told, again: Callable[[Market], Told]
) -> tuple[Check, ...]:
    """Estimate without the firm that brought most, with survivors alone, and with a loss for all who left.

    Parameters
    ----------
    market : Market
        N firms.
    brought : ndarray, shape (N,)
        What each firm brought to the difference of the portfolios.
    usual : Told
        The alpha of the difference as it is reported.
    again : callable
        Estimates it in another market.

    Notes
    -----
    Losses on leaving: Shumway (1997), Journal of Finance 52:327-340.
    """
    n, stays = len(brought), market.survivors
    others = np.arange(n) != brought.argmax()
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
        what, labels = "the alpha of the difference per period", ("as reported", name)
        other = usual if usual.reason else again(made())
        check = check_variant(name=name, tested=tested, lead=lead, what=what, usual=usual, other=other, labels=labels)
        checks.append(check)
    return tuple(checks)
