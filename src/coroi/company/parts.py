"""Which worlds are set against each other for which claim: every truth that is a difference between interventions."""

from __future__ import annotations

from dataclasses import dataclass

from coroi.company.programme import FOREVER, PRACTICES
from coroi.company.responses import NPS
from coroi.company.scenario import Intervention

NOTHING, NO_PRACTICES = "as it is", "no practices"
INTERVENTIONS: dict[str, Intervention] = {
    NOTHING: Intervention(),
    NO_PRACTICES: Intervention(without=PRACTICES),
    "all sponsored": Intervention(sponsored=True),
    "none sponsored": Intervention(sponsored=False),
    "full": Intervention(intensity=1.0, months_run=FOREVER),
    "half": Intervention(intensity=0.5, months_run=FOREVER),
    "broken off": Intervention(months_run=6),
    "kept up": Intervention(months_run=FOREVER),
    "all called back": Intervention(follow_up=1.0),
    "none called back": Intervention(follow_up=0.0),
    "reliable": Intervention(solved=0.1, on_time=0.1),
    "reliable unseen by trust": Intervention(solved=0.1, on_time=0.1, trust_sees=False),
    "solved": Intervention(solved=0.1),
    "faster": Intervention(response_time=0.5),
    "steadier": Intervention(swings=0.5),
    "recognised": Intervention(recognition=2.0),
    "weakest department": Intervention(weakest_department=0.6),
    "every department": Intervention(every_department=0.2),
    "happier": Intervention(raised=1 / NPS.spread),
    "advised away": Intervention(advised_away=1.0),
    "sold to": Intervention(advised_away=0.0),
    "rivals lower": Intervention(rivals=-1.0),
    "all higher": Intervention(level=1 / NPS.spread, rivals=1.0),
    "aligned": Intervention(alignment=1.0),
    "self-view closed": Intervention(self_view_closed=True),
    "talk walked": Intervention(talk_walked=True),
}
ROLL_OUT, FIRST_MONTH, LOW_SCORE = "roll-out", "first month", "first low score"
FIRST_ADVICE, MORE_DEPENDENT, LESS_DEPENDENT = "first advice", "more dependent", "less dependent"
COHORTS = {
    ROLL_OUT: "customers of treated units with a contract when their unit begins",
    FIRST_MONTH: "customers with a contract at the start",
    LOW_SCORE: "customers from the month after their first triggering answer",
    FIRST_ADVICE: "customers from the month of their first need for advice",
    MORE_DEPENDENT: "customers with a share of wallet above the median in the first month",
    LESS_DEPENDENT: "customers with a share of wallet of the median at most in the first month",
} | {name: f"customers of units with the practice '{name}' and a contract when their unit begins" for name in PRACTICES}
MEASURES = {
    "kept": ("share that does not exit within 12 months", "difference in probability"),
    "score": ("mean NPS score without noise or rounding after 12 months", "points of the scale"),
    "score soon": ("mean NPS score without noise or rounding after 3 months", "points of the scale"),
    "trust soon": ("mean trust score without noise or rounding after 3 months", "points of the scale"),
    "year's profit": ("profit within 12 months, zero while away", "EUR per customer"),
    "year's margin": ("profit before practices and follow-ups within 12 months, zero while away", "EUR per customer"),
    "year's revenue": ("revenue within 12 months, zero while away", "EUR per customer"),
    "year's referrals": ("referrals made within 12 months", "referrals per customer"),
    "profit": ("profit, all costs of the programme counted, zero while away", "EUR per customer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One number of a claim: a weighted sum of a measure over worlds.

    Parameters
    ----------
    claim : str
        C01 to C25.
    estimand : str
        What is set against what.
    weights : tuple of (str, float)
        Worlds, keys of ``INTERVENTIONS``, and their weights.
    cohort, measure : str
        Keys of ``COHORTS`` and ``MEASURES``.
    """

    claim: str
    estimand: str
    weights: tuple[tuple[str, float], ...]
    cohort: str
    measure: str = "kept"


def _against(claim: str, estimand: str, world: str, other: str, cohort: str, *measures: str) -> list[Part]:
    weights = ((world, 1.0), (other, -1.0))
    found = measures or ("kept",)
    return [Part(claim=claim, estimand=estimand, weights=weights, cohort=cohort, measure=each) for each in found]


_THREE = ("kept", "score", "profit")
PARTS: tuple[Part, ...] = (
    *_against(
        "C02",
        "on time and solved the first time 10 points more often, less the same unseen by trust: the part through trust",
        "reliable",
        "reliable unseen by trust",
        FIRST_MONTH,
    ),
    *_against(
        "C02",
        "on time and solved the first time 10 points more often, less as it is: the total effect",
        "reliable",
        NOTHING,
        FIRST_MONTH,
    ),
    *_against(
        "C03",
        "rivals seen one point lower, less own level and rivals one point higher",
        "rivals lower",
        "all higher",
        FIRST_MONTH,
    ),
    *_against("C03", "rivals seen one point lower, less as they are", "rivals lower", NOTHING, FIRST_MONTH),
    *_against(
        "C04",
        "every triggering answer followed up, less none",
        "all called back",
        "none called back",
        LOW_SCORE,
        "kept",
        "score soon",
        "year's profit",
    ),
    *_against(
        "C05",
        "solved the first time 10 points more often, less answered in half the time",
        "solved",
        "faster",
        FIRST_MONTH,
    ),
    *_against(
        "C08",
        "the weakest of three departments served better by 0.6 in log-odds, less every department by 0.2",
        "weakest department",
        "every department",
        FIRST_MONTH,
    ),
    *(
        part
        for half in (MORE_DEPENDENT, LESS_DEPENDENT)
        for part in _against(
            "C11", "an NPS point more satisfied, less as it is", "happier", NOTHING, half, "kept", "year's margin"
        )
    ),
    *_against(
        "C14",
        "every customer in need of advice advised away, less none",
        "advised away",
        "sold to",
        FIRST_ADVICE,
        "trust soon",
        "kept",
        "year's revenue",
        "year's profit",
        "year's referrals",
    ),
    *_against("C12", "every practice as rolled out, less none", NOTHING, NO_PRACTICES, ROLL_OUT, *_THREE),
    *(
        part
        for name in PRACTICES
        for part in _against(
            "C12", f"the practice '{name}' as rolled out, less none", NOTHING, NO_PRACTICES, name, *_THREE
        )
    ),
    Part(
        claim="C19",
        estimand="effect of every practice at full intensity, less twice its effect at half intensity",
        weights=(("full", 1.0), (NO_PRACTICES, 1.0), ("half", -2.0)),
        cohort=ROLL_OUT,
    ),
    *_against(
        "C19", "every practice kept up, less broken off after 6 months", "kept up", "broken off", ROLL_OUT, *_THREE
    ),
    *_against("C20", "every unit aligned by one point more", "aligned", NOTHING, FIRST_MONTH, "kept", "score"),
    *_against(
        "C21",
        "leaders who think better of themselves come to see themselves as others do, less as they are",
        "self-view closed",
        NOTHING,
        FIRST_MONTH,
        "kept",
        "score",
    ),
    *_against(
        "C21",
        "leaders who think better of themselves come to do what they say, less as they are",
        "talk walked",
        NOTHING,
        FIRST_MONTH,
        "kept",
        "score",
    ),
    *_against("C22", "monthly swings of satisfaction halved, own levels as they are", "steadier", NOTHING, FIRST_MONTH),
    *_against("C23", "two recognitions more by unit and month", "recognised", NOTHING, FIRST_MONTH, "kept", "score"),
    *_against(
        "C24",
        "every treated unit with a leader behind it, less none",
        "all sponsored",
        "none sponsored",
        ROLL_OUT,
        *_THREE,
    ),
)
