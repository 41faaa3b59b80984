"""What a company may be like: behaviours that can be switched off, scenarios, and what is done to it from outside."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Behaviours of real data; each can be switched off alone.

    Parameters
    ----------
    respondents_differ : bool
        The happier and the longer with the company, the likelier an answer; else everybody answers alike.
    satisfaction_follows_spend : bool
        Who bought last month is more satisfied for it: the reverse of what a study looks for.
    follow_ups_on_low_scores : bool
        Low scores are followed up, and would partly have risen by themselves; else any score may be.
    staggered_roll_out : bool
        Units begin one after the other; else together.
    effects_grow : bool
        A practice takes months to have its effect; else it has it at once.
    heterogeneity : bool
        Customers and units differ in ways that no table shows.
    seasonality : bool
        Leaving and buying follow the calendar.
    late_joiners : bool
        Almost half of the customers join while observed; else all are there at the start.
    involuntary_exits : bool
        Failed payments end contracts too.
    returns : bool
        Purchases come back, and some are sold at a loss.
    common_method_noise : bool
        The mood of the month goes into every answer of the month alike.
    """

    respondents_differ: bool = True
    satisfaction_follows_spend: bool = True
    follow_ups_on_low_scores: bool = True
    staggered_roll_out: bool = True
    effects_grow: bool = True
    heterogeneity: bool = True
    seasonality: bool = True
    late_joiners: bool = True
    involuntary_exits: bool = True
    returns: bool = True
    common_method_noise: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How strongly the links of the chain from practice to profit work.

    Parameters
    ----------
    meaning : str
        What the scenario is for, in words.
    practice : float
        Strength of every practice's effect on service and satisfaction; 0 for none, of how units are led too.
    dip : float
        What a practice costs in service at its start, fading over six months.
    loyalty : float
        Strength of every effect of satisfaction, trust, engagement and weak departments on leaving, using, buying
        and recommending, of standing above the rivals on share of wallet, and of satisfaction on whole firms.
    follow_up : float
        Rise in satisfaction after a follow-up, in standard deviations or nearly so.
    advice : float
        Rise in trust after being advised away, in standard deviations of satisfaction or nearly so.
    unsponsored : float
        Part of a practice's effect that is left in a unit whose leader does not stand behind it.
    cost : float
        Price of the programme, relative to the baseline's.
    trait : float
        How much a customer's own level of satisfaction goes with staying and spending for reasons that nothing
        changes, and that of a firm with doing well.
    treated_units : int
        Units with a practice, of 24.
    best_first : bool
        The practices go to the best units, best first; else by lot.
    asked : float
        Part of the surveys that are sent at all.
    """

    meaning: str
    practice: float = 1.0
    dip: float = 0.25
    loyalty: float = 1.0
    follow_up: float = 0.6
    advice: float = 1.5
    unsponsored: float = 0.4
    cost: float = 1.0
    trait: float = 0.0
    treated_units: int = 18
    best_first: bool = False
    asked: float = 1.0


SCENARIOS: dict[str, Scenario] = {
    "baseline": Scenario(meaning="practices work, grow, and pay back"),
    "null": Scenario(meaning="nothing works", practice=0.0, dip=0.0, loyalty=0.0, follow_up=0.0, advice=0.0),
    "dip": Scenario(meaning="a deep valley, then a late pay-off", practice=2.4, dip=1.5),
    "overspend": Scenario(meaning="a real effect that costs more than it brings", cost=12.0),
    "confounded": Scenario(
        meaning="association without effect",
        practice=0.0,
        dip=0.0,
        loyalty=0.0,
        follow_up=0.0,
        advice=0.0,
        trait=0.9,
        best_first=True,
    ),
    "small": Scenario(meaning="too little data to tell", treated_units=6, asked=0.25),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What is done to a company from outside, all chance being equal; by default nothing.

    Parameters
    ----------
    without : tuple of str
        Practices that are not rolled out.
    intensity, sponsored : float, bool, optional
        Given to every treated unit.
    months_run : int, optional
        Months after which every practice is broken off; a number beyond the end keeps all running.
    stopped_after : int, optional
        Months after which a practice is broken off that has not ended before.
    follow_up : float, optional
        Part of the triggering answers that are followed up.
    solved, on_time : float
        Added to the probability that a contact is solved the first time, or is on time.
    response_time : float
        Factor on the minutes until a contact is answered.
    trust_sees : bool
        Whether trust learns of changed contacts; else it stays as it would have been.
    swings : float
        Factor on the monthly swings of satisfaction about each customer's own level.
    recognition : float
        Added to every unit's monthly number of recognitions.
    raised : float
        Added to everybody's satisfaction in every month.
    weakest_department, every_department : float
        Added to how well each customer's weakest department, or every one, serves them, in log-odds.
    advised_away : float, optional
        Part of those in need of advice who are advised away.
    level : float
        Added to every customer's own level of satisfaction.
    rivals : float
        Added to what every customer thinks of the rivals, in points of the scale from 0 to 10.
    alignment : float
        Added to every unit's alignment, in points of the practice survey's scale.
    self_view_closed : bool
        Whether leaders who think better of themselves than others do come to see themselves as others see them.
    talk_walked : bool
        Whether such leaders come to do what they say, so that others see them as they see themselves.
    """

    without: tuple[str, ...] = ()
    intensity: float | None = None
    sponsored: bool | None = None
    months_run: int | None = None
    stopped_after: int | None = None
    follow_up: float | None = None
    solved: float = 0.0
    on_time: float = 0.0
    response_time: float = 1.0
    trust_sees: bool = True
    swings: float = 1.0
    recognition: float = 0.0
    raised: float = 0.0
    weakest_department: float = 0.0
    every_department: float = 0.0
    advised_away: float | None = None
    level: float = 0.0
    rivals: float = 0.0
    alignment: float = 0.0
    self_view_closed: bool = False
    talk_walked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One company's rules: scenario, behaviours, and what is done to it."""

    scenario: Scenario = SCENARIOS["baseline"]
    switches: Switches = field(default_factory=Switches)
    intervention: Intervention = field(default_factory=Intervention)
