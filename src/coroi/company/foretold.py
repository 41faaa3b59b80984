"""Truths of the claims that say what foretells better: C01, C09 and C10."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coroi.company.clock import Floats, first_days
from coroi.company.foretelling import FEWEST_ROWS, gain_in_deviance, gain_in_profit, gains_apart, in_halves
from coroi.company.history import History
from coroi.company.known import AHEAD_MONTHS, LOOK_BACK_MONTHS, Known, known
from coroi.company.measures import FOLLOWED_MONTHS, GRACE_DAYS, kept
from coroi.company.scenario import Scenario, World
from coroi.company.truth import BOTTOM, TOP, at_risk_in, landmark_month, nps_bands, truth_blocks

Entry = dict[str, object]
GAINS = {
    "exits": (gain_in_deviance, "an exit within the month", "deviance per customer-month"),
    "profit": (
        gain_in_profit,
        f"profit before practices and follow-ups within {AHEAD_MONTHS} months, zero while away",
        "share of the variance of profit",
    ),
}
HOW = "rates in cells of both, crossed with segments, learnt and tried on independent companies without limit"
TOO_FEW = f"Fewer than {FEWEST_ROWS} such customer-months in a half of the customers simulated."
GAP = {
    TOP: ("promoters, NPS 9–10, who nevertheless exit", 0.0),
    BOTTOM: ("detractors, NPS 0–6, who nevertheless do not exit", 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """Two sorts of things known that are set against each other for a claim.

    Parameters
    ----------
    claim : str
        C01, C09 or C10.
    who : str
        The rows compared, in words.
    these, those : tuple of str
        Items of ``known.ITEMS``: those that the claim holds to tell more, and the others.
    names : tuple of str
        What both are called.
    outcomes : tuple of str
        Keys of ``GAINS``.
    beyond : bool
        Whether the claim is about what these tell beyond those, else about which of both tells more.
    """

    claim: str
    who: str
    these: tuple[str, ...]
    those: tuple[str, ...]
    names: tuple[str, str]
    outcomes: tuple[str, ...] = ("exits",)
    beyond: bool = False


RIVALS = (
    Rivals(
        claim="C01",
        who="an NPS and a satisfaction with the departments answered, and a contact had",
        these=("nps", "csat"),
        those=("contact",),
        names=(
            "the last answers to NPS and satisfaction",
            "the last contact's handle time, being on time and solved the first time",
        ),
        outcomes=("exits", "profit"),
    ),
    Rivals(
        claim="C09",
        who="an NPS answered with a comment",
        these=("tone",),
        those=("nps",),
        names=("the comment's tone", "its score"),
        beyond=True,
    ),
    Rivals(
        claim="C10",
        who="an NPS answered and use read twice",
        these=("use", "use before"),
        those=("nps",),
        names=("the last two readings of use", "the last NPS"),
    ),
)


def foretold_truths(*, months: int, scenario: Scenario, customers: int) -> dict[str, list[Entry]]:
    """Compute the truths of C01, C09 and C10 in companies as they are.

    Parameters
    ----------
    months : int
        Months observed.
    scenario : Scenario
        The company's scenario.
    customers : int
        Customers simulated; half of them teach the rates that are tried on the others, and the other way round.

    Returns
    -------
    dict of str to list of dict
        By claim, its headline first.
    """
    landmark = landmark_month(first_days(months), FOLLOWED_MONTHS, GRACE_DAYS)
    if landmark < 0 or months < LOOK_BACK_MONTHS + AHEAD_MONTHS:
        few = f"{months} months are too few to look back for {LOOK_BACK_MONTHS} months and ahead."
        return {rivals.claim: [_none(_told(rivals, "exits", "net"), few)] for rivals in RIVALS}
    companies: list[Known] = []
    gaps: dict[int, list[Floats]] = {band: [] for band in GAP}
    for history in truth_blocks(customers, months, World(scenario=scenario)):
        companies.append(known(history))
        for band, found in gaps.items():
            found.append(_exits_of(history, landmark, band))
    halves = in_halves(companies)
    entries = {rivals.claim: _entries(rivals, halves) for rivals in RIVALS}
    entries["C10"] += [_gap(band, np.concatenate(found)) for band, found in gaps.items()]
    return entries


def _entries(rivals: Rivals, halves: tuple[Known, Known]) -> list[Entry]:
    order = ("these", "those") if rivals.beyond else ("net", "these", "those")
    entries = []
    for outcome in rivals.outcomes:
        gain, _, unit = GAINS[outcome]
        found = gains_apart(gain, halves, rivals.these, rivals.those)
        for name in order:
            told = _told(rivals, outcome, name)
            too_few = _none(
                told, f"Fewer than {FEWEST_ROWS} such customer-months in a half of the customers simulated."
            )
            entries.append({"estimand": told, "unit": unit} | found[name] if found else too_few)
    return entries


def _told(rivals: Rivals, outcome: str, name: str) -> str:
    this, that = rivals.names
    over = {"these": f"{this}, over {that} alone", "those": f"{that}, over {this} alone"}
    over["net"] = f"{over['these']}, less the reverse"
    if rivals.beyond and name == "net":
        name = "these"
    who = f"Customer-months with a contract and, within a year before, {rivals.who}"
    return f"{who}: gain in foretelling {GAINS[outcome][1]} by {over[name]}; {HOW}."


def _exits_of(history: History, landmark: int, band: int) -> Floats:
    """Tell, as 0 or 1, who of a band exits within a year from the landmark on."""
    n, since = history.people.n, np.full(history.people.n, landmark)
    bands = nps_bands(history.answers[0], n, int(history.days[landmark]), LOOK_BACK_MONTHS)
    return 1 - kept(history, since)[at_risk_in(history, landmark) & (bands == band)]


def _gap(band: int, exits: Floats) -> Entry:
    words, staying = GAP[band]
    told = f"What is said less what is done: share of the {words} within {FOLLOWED_MONTHS} months of the landmark."
    if exits.size < 2:
        return _none(told, "The band is empty.")
    share = np.abs(staying - exits)
    row: Entry = {"estimand": told, "unit": "probability", "value": round(float(share.mean()), 6)}
    return row | {"mc_std_error": round(float(share.std(ddof=1) / np.sqrt(share.size)), 6), "n": share.size}


def _none(told: str, reason: str) -> Entry:
    return {"estimand": told, "value": None, "unit": None, "mc_std_error": None, "reason": reason}
