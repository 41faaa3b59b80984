"""Truths of claims C15 and C17: what more satisfied customers do to a firm's earnings, value and rank."""

from __future__ import annotations

import numpy as np

from coroi.company.clock import Flags, Floats
from coroi.company.factors import YEARS
from coroi.company.firms import FIRMS_PER_INDUSTRY, INDEX_SD, INDUSTRIES, KEPT, Fortunes, draw_firms, unfold
from coroi.company.scenario import SCENARIOS, World
from coroi.company.truth import TRUTH_SEED

N_PANELS = 300
YEAR_0, LATER = 3, 5
ONE_SD = f"one standard deviation ({INDEX_SD:.0f} points of the index)"
FOR_GOOD = f"Satisfaction of one firm raised for good by {ONE_SD} in year 0, its rivals' as it is"
FADING = f"Satisfaction raised by {ONE_SD} in year 0, fading as satisfaction does, less as it is"
ALL = "whether or not the firm is still there"


def firm_truths(*, scenario: str, panels: int = N_PANELS) -> dict[str, list[dict[str, object]]]:
    """Unfold panels of firms with and without a rise in satisfaction, chance being equal.

    Parameters
    ----------
    scenario : str
        A key of ``SCENARIOS``.
    panels : int
        Panels simulated.

    Notes
    -----
    Monte Carlo errors take panels as independent, not firms: firms of a panel share the market.
    """
    world, draws = World(scenario=SCENARIOS[scenario]), draw_firms(TRUTH_SEED, panels)
    since = np.arange(YEARS) - YEAR_0
    base = unfold(draws, world)
    lasting = unfold(draws, world, np.where(since >= 0, 1.0, 0.0))
    fading = unfold(draws, world, np.where(since >= 0, KEPT ** np.maximum(since, 0).astype(float), 0.0))
    return {"C15": _rank(base, lasting), "C17": _path(base, fading)}


def tops(base: Fortunes, raised: Fortunes) -> Flags:
    """Tell, firm by firm and year by year, who would have the highest value of its industry if it alone were raised.

    Parameters
    ----------
    base, raised : Fortunes
        The panels as they are, and with every firm raised; of the latter one firm counts at a time.

    Returns
    -------
    numpy.ndarray
        Shape (n_panels, n_firms, n_years); firms that are gone are neither top nor rivals.
    """
    industries = (-1, len(INDUSTRIES), FIRMS_PER_INDUSTRY, YEARS)
    usual = np.where(base.there, base.value, -np.inf).reshape(industries)
    own = np.where(raised.there, raised.value, -np.inf).reshape(industries)
    highest = np.stack([np.delete(usual, i, axis=2).max(axis=2) for i in range(FIRMS_PER_INDUSTRY)], axis=2)
    return np.asarray((own > highest).reshape(base.value.shape))


def _rank(base: Fortunes, raised: Fortunes) -> list[dict[str, object]]:
    before, after = tops(base, base), tops(base, raised)
    last = YEAR_0 + LATER
    there, leads = base.there[..., YEAR_0], before[..., YEAR_0 - 1]
    reached = after[..., last].astype(float) - before[..., last]
    spell = slice(YEAR_0, last + 1)
    stays = after[..., spell].all(axis=2).astype(float) - before[..., spell].all(axis=2)
    top = "highest value of its industry"
    return [
        _entry(
            f"{FOR_GOOD}: probability of the {top} in year {LATER}, less as it is; firms there in year 0.",
            "difference in probability",
            reached,
            there,
        ),
        _entry(
            f"{FOR_GOOD}: probability to keep the {top} in every year to year {LATER}, less as it is; firms that have "
            "it in the year before.",
            "difference in probability",
            stays,
            leads,
        ),
    ]


def _path(base: Fortunes, raised: Fortunes) -> list[dict[str, object]]:
    everyone, last = np.ones(base.there.shape[:2], dtype=bool), YEAR_0 + LATER
    before = base.revenue[..., YEAR_0 - 1]
    found = []
    for year in (0, 1, LATER):
        lost = 100 * (raised.earnings - base.earnings)[..., YEAR_0 + year] / before
        what = f"{FADING}: earnings of year {year} in per cent of the revenue of the year before year 0; {ALL}."
        found.append(_entry(what, "percentage points", lost, everyone))
    for name in ("value", "revenue"):
        gained = np.log(getattr(raised, name) / getattr(base, name))[..., last]
        label = "market value at the end" if name == "value" else "revenue"
        what = f"{FADING}: log of the {label} of year {LATER}; {ALL}."
        found.append(_entry(what, "log points", gained, everyone))
    return [*found[:2], found[3], found[2], found[4]]


def _entry(estimand: str, unit: str, values: Floats, who: Flags) -> dict[str, object]:
    """Describe a mean over the firms of all panels; its error is that of a ratio of sums over panels."""
    n = who.sum(axis=1)
    mean = float(values[who].mean())
    apart = (np.where(who, values, 0.0).sum(axis=1) - mean * n) / n.mean()
    error = float(apart.std(ddof=1)) / np.sqrt(n.size)
    row: dict[str, object] = {"estimand": estimand, "value": round(mean, 6), "unit": unit}
    return row | {"mc_std_error": round(error, 6), "n": int(n.sum()), "n_panels": n.size}
