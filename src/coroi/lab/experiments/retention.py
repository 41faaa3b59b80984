"""Shares by NPS band at the horizon, the top band less the bottom one, and claim C06's ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from coroi.lab.company_data import BANDS, STATES_AND_BANDS, band_of, landmark_counts
from coroi.lab.experiments.parts import COMPANIES, OWN, Estimand, Experiment, Findings, found_in
from coroi.lab.months import HORIZON
from coroi.models.survival import fit_survival, simulate_survival
from coroi.prepare.landmark import NEVER, STALE

BOTTOM, MIDDLE, TOP = BANDS
LADDER = {"gain_at_the_top": {TOP: 1.0, MIDDLE: -2.0, BOTTOM: 1.0}}
OWN_HAZARDS = {BOTTOM: 0.022, MIDDLE: 0.014, TOP: 0.008, NEVER: 0.018, STALE: 0.015}
OWN_CUSTOMERS, OWN_CENSORING = 150, 0.01
WHO = "of the customers at risk at the landmark who have not left twelve months later"


def fit_counts(counts: pd.DataFrame) -> Findings:
    """Fit the study's model to counts by band.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``band, duration, event, n``.
    """
    rows = fit_survival(
        counts, bands=STATES_AND_BANDS, horizon=HORIZON, contrast=(TOP, BOTTOM), combinations=LADDER
    ).estimates
    names = [f"share[{row.band}]" if row.term == "share" else str(row.term) for row in rows.itertuples()]
    return {name: found_in(row) for name, (_, row) in zip(names, rows.iterrows(), strict=True)}


def banded(counts: pd.DataFrame) -> pd.DataFrame:
    """Sum landmark counts by band."""
    named = counts.assign(band=band_of(counts["state"], counts["score"]))
    return named.groupby(["band", "duration", "event"], as_index=False)["n"].sum()


def pooled_shares(parts: Sequence[pd.DataFrame]) -> Mapping[str, float]:
    """Return the shares of a population, and the contrasts of them, from its companies' landmark counts."""
    counts = banded(pd.concat(parts, ignore_index=True))
    kept = (counts["n"] * (1 - counts["event"])).groupby(counts["band"]).sum()
    share = (kept / counts.groupby("band")["n"].sum()).reindex(list(STATES_AND_BANDS))
    return _with_contrasts({band: float(share[band]) for band in STATES_AND_BANDS})


def _with_contrasts(share: Mapping[str, float]) -> Mapping[str, float]:
    values = {f"share[{band}]": value for band, value in share.items()}
    values["difference"] = share[TOP] - share[BOTTOM]
    return values | {name: sum(c * share[band] for band, c in parts.items()) for name, parts in LADDER.items()}


def _own_fit(rng: np.random.Generator) -> Findings:
    counts, _ = simulate_survival(rng, n=OWN_CUSTOMERS, hazards=OWN_HAZARDS, horizon=HORIZON, censoring=OWN_CENSORING)
    return fit_counts(counts)


def _own_truth() -> Mapping[str, float]:
    return _with_contrasts({band: (1 - hazard) ** HORIZON for band, hazard in OWN_HAZARDS.items()})


RETENTION = Experiment(
    name="retention",
    method="Kaplan–Meier by NPS band at a landmark, log-log intervals; contrasts by square-and-add",
    estimands=(
        Estimand(
            name="difference",
            words=f"NPS {TOP} less {BOTTOM}: difference in the share {WHO}",
            headline=True,
            zero_in=("null",),
        ),
        Estimand(
            name="gain_at_the_top",
            words=f"claim C06: gain of that share from {MIDDLE} to {TOP}, less its gain from {BOTTOM} to {MIDDLE}",
            headline=True,
            zero_in=("null",),
        ),
        *(
            Estimand(name=f"share[{band}]", words=f"NPS {band}: share {WHO}", contrast=False)
            for band in STATES_AND_BANDS
        ),
    ),
    scenarios=(OWN, *COMPANIES),
    fit=lambda months: fit_counts(banded(landmark_counts(months))),
    reduce=landmark_counts,
    pool=pooled_shares,
    own_fit=_own_fit,
    own_truth=_own_truth,
)
