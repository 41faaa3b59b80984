"""The truth of the claims C01 to C25: one estimand, value, unit and Monte Carlo error each, or why there is none."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from coroi.company.clock import first_days
from coroi.company.effects import entry, halves_apart, hindrance, part_values
from coroi.company.firm_truths import firm_truths
from coroi.company.foretold import foretold_truths
from coroi.company.measures import FOLLOWED_MONTHS, GRACE_DAYS
from coroi.company.parts import PARTS
from coroi.company.path import PATH, path_truths
from coroi.company.portfolios import portfolio_truths
from coroi.company.programme import LAST_START
from coroi.company.scenario import SCENARIOS, World
from coroi.company.standing import wallet_truths
from coroi.company.truth import BOTTOM, TOP, at_risk_in, landmark_month, nps_bands, truth_blocks

CLAIM_IDS = tuple(f"C{i:02d}" for i in range(1, 26))
NOT_SIMULATED = "not simulated in this version"
METRIC_AGE_LIMIT = 12


def true_claims(
    *, months: int, scenario: str, retention: dict[str, object], customers: int = 40_000
) -> dict[str, dict[str, object]]:
    """Compute every claim's truth in a large company.

    Parameters
    ----------
    months : int
        Months observed.
    scenario : str
        A key of ``SCENARIOS``.
    retention : dict
        From :func:`coroi.company.truth.true_retention`, for claim C06.
    customers : int
        Customers simulated for each world.

    Returns
    -------
    dict of str to dict
        By claim: ``estimand``, ``value``, ``unit``, ``mc_std_error`` of its first number, and all of them under
        ``parts``. Without a value there is a ``reason``.

    Notes
    -----
    Monte Carlo standard errors take customers as independent, given the units and roll-outs of the companies simulated.
    """
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    last_start = int(np.rint(months * LAST_START))
    hindered = {part: hindrance(part, months, last_start) for part in (*PARTS, PATH)}
    possible = [part for part, reason in hindered.items() if not reason]
    values = part_values(possible, months=months, scenario=SCENARIOS[scenario], customers=customers)
    for part in PARTS:
        found[part.claim].append(entry(part, values[part]) if part in values else _none(part.estimand, hindered[part]))
    if PATH in values:
        path = path_truths(values[PATH], months=months, scenario=SCENARIOS[scenario], customers=customers)
    else:
        path = {claim: [_none(PATH.estimand, hindered[PATH])] for claim in ("C13", "C16", "C18")}
    steps = [step for step in retention["entries"] if "less the gain" in step["term"]]  # type: ignore[attr-defined]
    few = f"{months} months are too few for a landmark."
    found |= path | {"C06": [_step(each) for each in steps] or [_none("gain at the top less the gain before it", few)]}
    found["C11"] = halves_apart(values) + found["C11"]
    found |= foretold_truths(months=months, scenario=SCENARIOS[scenario], customers=customers)
    found["C03"] = wallet_truths(months=months, scenario=scenario, customers=customers // 2) + found["C03"]
    found["C07"] = portfolio_truths(scenario=scenario, customers=customers)
    found |= firm_truths(scenario=scenario)
    found["C25"] = [_referrals(months, scenario, customers)]
    return {claim: _claim(found.get(claim, [])) for claim in CLAIM_IDS}


def _claim(parts: list[dict[str, object]]) -> dict[str, object]:
    if not parts:
        return {"estimand": None, "value": None, "unit": None, "mc_std_error": None, "reason": NOT_SIMULATED}
    return parts[0] | ({"parts": parts} if len(parts) > 1 else {})


def _none(estimand: str, reason: str) -> dict[str, object]:
    return {"estimand": estimand, "value": None, "unit": None, "mc_std_error": None, "reason": reason}


def _step(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in ("term", "band")}


def _referrals(months: int, scenario: str, customers: int) -> dict[str, object]:
    """Count the referrals of promoters less those of detractors in the year after the landmark."""
    landmark = landmark_month(first_days(months), FOLLOWED_MONTHS, GRACE_DAYS)
    what = f"Referrals per customer within {FOLLOWED_MONTHS} months of the landmark: NPS band 9–10 less 0–6."
    if landmark < 0:
        return _none(what, f"{months} months are too few for a landmark.")
    by_band: dict[int, list[np.ndarray]] = {BOTTOM: [], TOP: []}
    for history in truth_blocks(customers, months, World(scenario=SCENARIOS[scenario])):
        n, at_risk = history.people.n, at_risk_in(history, landmark)
        band = nps_bands(history.answers[0], n, int(history.days[landmark]), METRIC_AGE_LIMIT)
        referring = [month.customer for month in history.referrals[landmark : landmark + FOLLOWED_MONTHS]]
        made = np.bincount(np.concatenate(referring), minlength=n)
        for each, found in by_band.items():
            found.append(made[at_risk & (band == each)])
    low, high = (np.concatenate(by_band[each]) for each in (BOTTOM, TOP))
    if min(low.size, high.size) < 2:
        return _none(what, "One of the bands is empty.")
    error = np.sqrt(low.var(ddof=1) / low.size + high.var(ddof=1) / high.size)
    value = float(high.mean() - low.mean())
    row: dict[str, object] = {"estimand": what, "value": round(value, 6), "unit": "referrals per customer"}
    return row | {"mc_std_error": round(float(error), 6), "n": low.size + high.size}
