"""Who answers: customers who had answered beside those who never had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from coroi.lab.company_data import TRAITS, moments_of, respondent_moments
from coroi.lab.experiments.parts import COMPANIES, OWN, Estimand, Experiment, Findings, found_in
from coroi.metrics.respondents import score_respondents

OWN_GROUPS = {True: (90, 3.0, 2.0), False: (250, 2.0, 1.5)}  # customers, mean, standard deviation
_UNITS = dict(zip(TRAITS, ("months since the start", "revenue per month, in EUR"), strict=True))


def score_moments(moments: pd.DataFrame) -> Findings:
    """Score moments by trait and by whether customers had answered."""
    rows = score_respondents(moments, traits=TRAITS).estimates
    return {f"{row['term']}[{row['trait']}]": found_in(row) for _, row in rows.iterrows()}


def pooled_moments(parts: Sequence[pd.DataFrame]) -> Mapping[str, float]:
    """Return differences in a population from the moments of its companies."""
    frame = pd.concat(parts, ignore_index=True)
    frame["total"] = frame["n"] * frame["mean"]
    frame["squares"] = (frame["n"] - 1) * frame["variance"] + frame["n"] * frame["mean"] ** 2
    sums = frame.groupby(["trait", "answered"])[["n", "total", "squares"]].sum()
    mean = sums["total"] / sums["n"]
    variance = (sums["squares"] / sums["n"] - mean**2).groupby("trait").mean()
    values: dict[str, float] = {}
    for trait in TRAITS:
        gap = float(mean[trait, True] - mean[trait, False])
        values |= {f"difference[{trait}]": gap, f"standardised[{trait}]": gap / float(np.sqrt(variance[trait]))}
    return values


def _own_fit(rng: np.random.Generator) -> Findings:
    rows = []
    for trait in TRAITS:
        for answered, (n, mean, spread) in OWN_GROUPS.items():
            rows.append({"trait": trait, "answered": answered} | moments_of(rng.normal(mean, spread, n)))
    return score_moments(pd.DataFrame(rows))


def _own_truth() -> Mapping[str, float]:
    (_, yes, yes_spread), (_, no, no_spread) = OWN_GROUPS[True], OWN_GROUPS[False]
    unit = np.sqrt((yes_spread**2 + no_spread**2) / 2)
    gaps = {"difference": yes - no, "standardised": float((yes - no) / unit)}
    return {f"{term}[{trait}]": value for trait in TRAITS for term, value in gaps.items()}


RESPONDENTS = Experiment(
    name="respondents",
    method="means of those who had answered less means of those who never had; Welch intervals",
    estimands=tuple(
        Estimand(
            name=f"{term}[{trait}]",
            words=f"{_UNITS[trait]}: mean of customers who had answered less mean of the rest{unit}",
        )
        for trait in TRAITS
        for term, unit in (("difference", ""), ("standardised", ", in standard deviations"))
    ),
    scenarios=(OWN, *COMPANIES),
    fit=lambda months: score_moments(respondent_moments(months)),
    reduce=respondent_moments,
    pool=pooled_moments,
    own_fit=_own_fit,
    own_truth=_own_truth,
)
