"""Truth of claim C03: what standing above the rivals is worth in share of wallet, and what the score as such is."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Floats
from coroi.company.competitors import draw_views, moved, wallets
from coroi.company.effects import mean_and_error
from coroi.company.scenario import SCENARIOS, World
from coroi.company.truth import TRUTH_SEED, truth_blocks

LOWER, HIGHER = "every rival one point lower", "the own brand and every rival one point higher, ranks as they are"
MOVES = {LOWER: (0.0, -1.0), HIGHER: (1.0, 1.0)}
WHO = "Customers with a contract on the day when they would be asked"


def wallet_truths(*, months: int, scenario: str, customers: int) -> list[dict[str, object]]:
    """Set share of wallet with moved standings against share of wallet with others.

    Parameters
    ----------
    months, customers : int
        Months and customers simulated.
    scenario : str
        A key of ``SCENARIOS``.

    Returns
    -------
    list of dict
        First the claim's number, standing less score; then each by itself.

    Notes
    -----
    Only what is thought of the brands is moved, before rounding, noise and the ends of the scale; days, brands named
    and all chance stay. Customers who would not answer count too.
    """
    world = World(scenario=SCENARIOS[scenario])
    found: dict[str, list[Floats]] = {move: [] for move in MOVES}
    for i, history in enumerate(truth_blocks(customers, months, world)):
        views = draw_views(history, TRUTH_SEED + i, world)
        before = wallets(views, world.scenario.loyalty)[views.there, 0]
        for move, (own, rivals) in MOVES.items():
            after = wallets(moved(views, own, rivals), world.scenario.loyalty)[views.there, 0]
            found[move].append(after - before)
    lower, higher = (np.concatenate(found[move]) for move in (LOWER, HIGHER))
    return [
        _entry(f"{LOWER}, less {HIGHER}", lower - higher),
        _entry(f"{LOWER}, less as it is", lower),
        _entry(f"{HIGHER}, less as it is", higher),
    ]


def _entry(what: str, values: Floats) -> dict[str, object]:
    row: dict[str, object] = {"estimand": f"{WHO}: own brand's share of wallet; {what}.", "unit": "share of wallet"}
    if values.size < 2:
        return row | {"value": None, "mc_std_error": None, "reason": "Nobody is in it."}
    return row | mean_and_error(values) | {"n": values.size}
