"""Firms: standing, time at the top and portfolios in their own worlds, and all of them on simulated firms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from coroi.company.factors import FACTORS, YEARS
from coroi.company.firms import (
    FIRMS_PER_INDUSTRY,
    GAINS_DIFFER,
    GROWTH_BY_SATISFACTION,
    KEPT,
    N_FIRMS,
    UNPRICED,
    Draws,
    Fortunes,
    draw_firms,
    unfold,
)
from coroi.company.scenario import SCENARIOS, World
from coroi.company.truth import TRUTH_SEED
from coroi.inference.holdings import hold, published
from coroi.lab.experiments.parts import OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.models.portfolio import FEWEST_FIRMS, fit_portfolio, simulate_portfolio
from coroi.models.standing import fit_standing, simulate_standing
from coroi.models.top_spell import fit_top_spell, simulate_top_spell
from coroi.studies.firms.panel import FirmPanel
from coroi.studies.firms.path import fit_naive, fit_point

SLOPE, LOSES, REACHES, ALPHA = 0.4, -0.4, 0.3, 0.004
SHARE, HORIZON, LAG = 0.25, 3, 1
TRUTH_PANELS, YEAR_0 = 200, 3
_POINTS = {"value": ("market_value", HORIZON), "earnings": ("earnings", 0), "later_earnings": ("earnings", HORIZON)}
_WORLDS = {"baseline": "baseline", "idle": "confounded"}  # satisfaction works, or goes with doing well alone


def firm_panel(fortunes: Fortunes) -> FirmPanel:
    """Return the first panel of firms as the study reads it, satisfaction in standard deviations of the index."""
    firm, year = np.nonzero(fortunes.there[0])
    frame = pd.DataFrame({"entity": firm, "period": year, "month": 12 * year, "industry": firm // FIRMS_PER_INDUSTRY})
    kinds = {"z": "satisfaction", "revenue": "revenue", "earnings": "earnings", "market_value": "value"}
    frame = frame.assign(**{name: getattr(fortunes, kind)[0][firm, year] for name, kind in kinds.items()})
    return FirmPanel(frame=frame, months=12, points=1.0, held=frozenset(kinds))


def monthly_rows(draws: Draws, fortunes: Fortunes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return monthly returns beside the score and the value of the year before, and the factors of the market."""
    firm, month = np.nonzero(np.repeat(fortunes.there[0], 12, axis=1))
    before = month // 12 - 1
    known = before >= 0
    rows = pd.DataFrame({"entity": firm, "period": month, "total_return": fortunes.returns[0][firm, month]})
    for name, kind in (("score", fortunes.satisfaction), ("size", fortunes.value)):
        rows[name] = np.where(known, kind[0][firm, np.maximum(before, 0)], np.nan)
    factors = dict(zip(FACTORS, draws.factors[0], strict=True)) | {"risk_free": draws.risk_free[0]}
    return rows, pd.DataFrame({"period": np.arange(12 * YEARS)} | factors)


def fit_firms(seed: int, name: str) -> Findings:
    """Draw one panel of firms and fit what the study fits: standing, value after some years, and the alpha."""
    draws = draw_firms(seed)
    fortunes = unfold(draws, World(scenario=SCENARIOS[_WORLDS[name]]))
    panel, (rows, factors) = firm_panel(fortunes), monthly_rows(draws, fortunes)
    standing = fit_standing(panel.frame, outcome="market_value", metric="z", lag=LAG)
    shares = fit_portfolio(rows, factors=factors, metric="score", names=FACTORS, share=SHARE)
    found = {f"{name}_standing": found_in(standing.estimates.iloc[0]), f"{name}_alpha": _alpha(shares.estimates)}
    for what, (kind, horizon) in _POINTS.items():
        found[f"{name}_{what}"] = found_in(fit_point(panel, kind, horizon, 0.95))
        found[f"{name}_left_free_{what}"] = found_in(fit_naive(panel, kind, horizon, 0.95).loc["two_way"])
    return found


def _draw_standing(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    return simulate_standing(rng, industries=30, firms=6, periods=10, slope=SLOPE)


def _alpha(rows: pd.DataFrame) -> Found:
    return found_in(rows[(rows["portfolio"] == "high less low") & (rows["term"] == "alpha")].iloc[0])


def _own_fit(rng: np.random.Generator) -> Findings:
    frame, _ = _draw_standing(rng)
    standing = fit_standing(frame, outcome="value", metric="score").estimates
    drawn, _ = simulate_top_spell(rng, firms=250, periods=12, loses=LOSES, reaches=REACHES)
    spells = fit_top_spell(drawn, metric="score").estimates
    months, _ = simulate_portfolio(rng, firms=60, years=12, alpha=ALPHA)
    factors = months.drop_duplicates("period")[["period", "market", "smb", "risk_free"]]
    shares = fit_portfolio(months, factors=factors, metric="score").estimates
    own = standing[standing["whose"] == "own"].set_index("term")
    slopes = spells[spells["term"] == "score"].set_index("transition")
    found = {name: found_in(own.loc[name]) for name in ("percentile", "top")}
    found |= {name: found_in(slopes.loc[name]) for name in ("loses", "reaches")}
    found |= {"alpha": _alpha(shares)}
    for name in _WORLDS:
        found |= fit_firms(int(rng.integers(2**31)), name)
    return {each.name: found[each.name] for each in ESTIMANDS}


@cache
def _own_truth() -> Mapping[str, float]:
    _, standing = _draw_standing(np.random.default_rng(0))
    truth = {name: float(standing[name]) for name in ("percentile", "top")}
    truth |= {"loses": LOSES, "reaches": REACHES, "alpha": ALPHA}
    truth |= {f"idle_{name}": 0.0 for name in ("standing", *_POINTS, "alpha")}
    truth |= _baseline_truth()
    return truth | {f"{world}_left_free_{name}": truth[f"{world}_{name}"] for world in _WORLDS for name in _POINTS}


def _baseline_truth() -> dict[str, float]:
    """Return what a rise of one standard deviation truly does to firms, and what portfolios truly earn."""
    draws = draw_firms(TRUTH_SEED, TRUTH_PANELS)
    since = np.arange(YEARS) - YEAR_0
    world = World(scenario=SCENARIOS["baseline"])
    base = unfold(draws, world)
    raised = unfold(draws, world, np.where(since >= 0, KEPT ** np.maximum(since, 0).astype(float), 0.0))
    value = np.log(raised.value / base.value)[..., YEAR_0 + HORIZON]
    earnings = (raised.earnings - base.earnings)[..., YEAR_0:] / base.revenue[..., YEAR_0 - 1, None]
    return {
        "baseline_value": float(value.mean()),
        "baseline_earnings": float(earnings[..., 0].mean()),
        "baseline_later_earnings": float(earnings[..., HORIZON].mean()),
        "baseline_alpha": float(np.mean([_true_alpha(draws, base, p) for p in range(TRUTH_PANELS)])),
    }


def _true_alpha(draws: Draws, base: Fortunes, panel: int) -> float:
    """Hold the portfolios of one panel, and average what satisfaction adds to the returns of what is held."""
    there = np.repeat(base.there[panel], 12, axis=1).T
    score = np.repeat(np.hstack([np.full((N_FIRMS, 1), np.nan), base.satisfaction[panel][:, :-1]]), 12, axis=1).T
    returns = np.where(there, base.returns[panel].T, np.nan)
    gain = 1 + GAINS_DIFFER * draws.traits[panel, :, 2]
    extra = UNPRICED * GROWTH_BY_SATISFACTION * gain * score / 12
    held = hold(returns, score, None, formed=published(np.where(there, score, np.nan)), share=SHARE, least=FEWEST_FIRMS)
    added = np.einsum("stn,tn->st", held.weights, np.nan_to_num(extra))[:, held.weights.any(axis=(0, 2))]
    return float((added[0] - added[1]).mean())


_SD = "one standard deviation of satisfaction"
_NOTHING = "simulated firms whose satisfaction goes with doing well and does nothing: zero"
ESTIMANDS = (
    Estimand(name="percentile", words="share of rivals outdone, per point of the metric", headline=True),
    Estimand(name="top", words="chance to be first in the industry, per point of the metric"),
    Estimand(name="loses", words="log hazard ratio of losing the top, per point of the metric", headline=True),
    Estimand(name="reaches", words="log hazard ratio of reaching the top, per point of the metric", headline=True),
    Estimand(name="alpha", words="monthly return beyond the factors, best quarter less worst", headline=True),
    Estimand(
        name="baseline_value",
        words=f"simulated firms: log of market value after {HORIZON} years, per {_SD} in a year, fading as it does",
        headline=True,
    ),
    Estimand(
        name="baseline_earnings",
        words=f"simulated firms: earnings of the year as a share of the revenue before, per {_SD}",
        headline=True,
    ),
    Estimand(
        name="baseline_alpha",
        words="simulated firms: monthly return beyond the factors, best quarter by satisfaction less worst",
        headline=True,
    ),
    Estimand(
        name="baseline_later_earnings",
        words=f"simulated firms: earnings after {HORIZON} years as a share of the revenue before, per {_SD} in a year",
    ),
    *(
        Estimand(
            name=f"baseline_left_free_{name}",
            words=f"the same as baseline_{name}, by the usual within estimate, for comparison",
        )
        for name in _POINTS
    ),
    Estimand(name="idle_standing", words=f"share of rivals outdone a year later, per {_SD}; {_NOTHING}"),
    Estimand(name="idle_value", words=f"log of market value after {HORIZON} years, per {_SD}; {_NOTHING}"),
    Estimand(name="idle_earnings", words=f"earnings as a share of revenue, per {_SD}; {_NOTHING}"),
    Estimand(
        name="idle_later_earnings",
        words=f"earnings after {HORIZON} years as a share of revenue, per {_SD}; {_NOTHING}",
    ),
    *(
        Estimand(
            name=f"idle_left_free_{name}",
            words=f"the same as idle_{name}, by the usual within estimate, for comparison",
        )
        for name in _POINTS
    ),
    Estimand(name="idle_alpha", words=f"monthly return beyond the factors; {_NOTHING}"),
)
FIRMS = Experiment(
    name="firms",
    method="standing and paths with firms and periods swept out, hazards at the top, portfolios against factors; "
    "paths with later satisfaction held, and left free for comparison",
    estimands=ESTIMANDS,
    scenarios=(OWN,),
    own_fit=_own_fit,
    own_truth=_own_truth,
)
