"""The hazard of leaving on the score: its slope, and what one point more goes with at the horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from coroi.inference.cells import count_cells
from coroi.inference.design import Term
from coroi.lab.company_data import (
    BETTER,
    NOW,
    Rows,
    hazard_cells,
    hazard_terms,
    kinds_at_landmark,
    one_better,
    pool_rows,
    profiles_ahead,
    rows_at_risk,
)
from coroi.lab.experiments.parts import COMPANIES, OWN, Estimand, Experiment, Findings, Found, found_in
from coroi.lab.months import HORIZON, Months
from coroi.models.hazard import fit_hazard, predict_retention, simulate_hazard
from coroi.results import Result

OWN_CUSTOMERS, OWN_SLOPE, OWN_BASE = 400, -0.4, -3.0
_GRID = np.arange(-8, 9) / 2  # the scores that simulate_hazard rounds to
_SHARES = np.diff(stats.norm.cdf(np.r_[-np.inf, _GRID[1:] - 0.25, np.inf]))
Piece = tuple[Rows, pd.DataFrame]


def fit_company(rows: Rows, kinds: pd.DataFrame) -> Findings:
    """Fit the study's hazard, and predict shares at the horizon with the score as it is and one point better."""
    cells, levels = hazard_cells(rows)
    hazard = fit_hazard(cells, terms=hazard_terms(levels))
    ahead = one_better(profiles_ahead(kinds, levels))
    if ahead.empty:
        nobody = Found(refused="no customer had a usable answer")
        return dict.fromkeys(("slope", "step", "held"), nobody)
    return _read(hazard, ahead)


def reduce_company(months: Months) -> Piece:
    """Keep what the population's value needs of one company: its rows and its kinds of customers, counted."""
    return pool_rows([rows_at_risk(months)]), kinds_at_landmark(months)


def pooled_values(parts: Sequence[Piece]) -> Mapping[str, float]:
    """Return what the fit tends to: the same fit on many companies together."""
    kinds = pd.concat([kinds for _, kinds in parts], ignore_index=True)
    keys = [name for name in kinds.columns if name != "customers"]
    merged = kinds.groupby(keys, as_index=False)["customers"].sum()
    rows = pool_rows([rows for rows, _ in parts])
    # Estimates do not depend on the clusters; there have to be more of them than terms.
    numbered = Rows(**{n: getattr(rows, n) for n in Rows.__slots__ if n != "cluster"}, cluster=np.arange(rows.n.size))
    return {name: found.estimate for name, found in fit_company(numbered, merged).items()}


def _own_fit(rng: np.random.Generator) -> Findings:
    frame, _ = simulate_hazard(rng, n=OWN_CUSTOMERS, periods=HORIZON, slope=OWN_SLOPE, base=OWN_BASE)
    cells = count_cells(frame, ["score"], event="exited", cluster="customer")
    return _read(fit_hazard(cells, terms=[Term("score")]), _own_profiles())


def _own_profiles() -> pd.DataFrame:
    """Of the scores of a large company, as they are and one point better, each held for the horizon."""
    kinds = [(g, c, s + (g == BETTER)) for g in (NOW, BETTER) for s, c in zip(_GRID, _SHARES, strict=True)]
    rows = [(i, *kind) for i, kind in enumerate(kinds) for _ in range(HORIZON)]
    return pd.DataFrame(rows, columns=["profile", "group", "customers", "score"])


def _own_truth() -> Mapping[str, float]:
    def kept(score: np.ndarray) -> float:
        return float(_SHARES @ np.exp(-HORIZON * np.exp(OWN_BASE + OWN_SLOPE * score)))

    return {"slope": OWN_SLOPE, "step": kept(_GRID + 1) - kept(_GRID), "held": kept(_GRID)}


def _read(hazard: Result, ahead: pd.DataFrame) -> Findings:
    slope = hazard.estimates.set_index("term").loc["score"]
    told = predict_retention(hazard, ahead, groups="group", contrast=(BETTER, NOW)).estimates.set_index("term")
    held = told[told["band"] == NOW].loc["retention"]
    return {"slope": found_in(slope), "step": found_in(told.loc["difference"]), "held": found_in(held)}


HAZARD = Experiment(
    name="hazard",
    method="complementary log-log hazard on score, state of the answer, tenure and segment; errors by customer",
    estimands=(
        Estimand(
            name="step",
            words="share still there after twelve months, the score held: one point better less as it is, "
            "of customers with an answer",
            headline=True,
            zero_in=("null",),
        ),
        Estimand(
            name="slope",
            words="log hazard ratio of leaving, per point of NPS; in a company what the same fit gives in a far "
            "larger one, since leaving there is no straight line in the score",
            headline=True,
            zero_in=("null",),
        ),
        Estimand(
            name="held",
            words="share predicted to be there after twelve months, the score held where it was, of customers with "
            "an answer; in a company what the same fit predicts in a far larger one",
            contrast=False,
        ),
    ),
    scenarios=(OWN, *COMPANIES),
    fit=lambda months: fit_company(rows_at_risk(months), kinds_at_landmark(months)),
    reduce=reduce_company,
    pool=pooled_values,
    own_fit=_own_fit,
    own_truth=_own_truth,
)
