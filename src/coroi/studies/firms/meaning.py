"""What the answer of the study `firms` means, what it does not, what would change it, and how it was made."""

from __future__ import annotations

from coroi.report.words import plural
from coroi.studies.firms.answer import Findings
from coroi.studies.firms.path import past_held
from coroi.studies.firms.question import COST, STANDING, VALUE, Question
from coroi.studies.firms.words import UNTESTED, Verdicts, sentence

_CASES = {
    (True, True): "Both halves of the claim are there: earnings fall first, and value is higher later.",
    (
        True,
        False,
    ): "Of the claim one half is there: earnings fall when satisfaction rises. That value comes back is not shown.",
    (False, True): "Value is higher later, but that earnings were given up for it is not shown.",
    (False, False): "Neither half of the claim is shown: not that earnings fall first, and not that value comes back.",
}


def meaning(question: Question, found: Findings, verdicts: Verdicts) -> tuple[str, ...]:
    """Say what the answer means, what it does not mean, and what would change it."""
    return _means(question, found, verdicts), _means_not(question), _would_change(question, found, verdicts)


def _past(question: Question) -> str:
    """Say how many earlier values of satisfaction are held."""
    length, past = question.panel.length, past_held(question.panel)
    return f"the {length} before" if past == 1 else f"the {past} {length}s before"


def _means(question: Question, found: Findings, verdicts: Verdicts) -> str:
    shown = {name: verdicts[name].label in ("supported", "consistent with") for name in verdicts}
    tested = {name for name in verdicts if verdicts[name].label != UNTESTED}
    if {VALUE, COST} <= tested:
        said = _CASES[shown[COST], shown[VALUE]]
    elif COST in tested:
        said = sentence(question, found, verdicts, COST)
    elif VALUE in tested:
        said = "Whether earnings were given up for it is not known: the data hold no earnings and revenue."
    else:
        said = "No verdict is given on value, neither for the claim nor against it."
    if STANDING in tested:
        said += " " + sentence(question, found, verdicts, STANDING)
    return said


def _means_not(question: Question) -> str:
    said = (
        "It does not mean that raising satisfaction would do the same for any firm: each firm is compared with itself "
        "at other times, so what differs between firms for good is left out, but not what else changed at the time."
    )
    if question.months.empty:
        return said
    return (
        f"{said} Nor does a return beyond the factors, or the lack of one, say what satisfaction is worth: shares of "
        "firms whose value everybody sees return no more than others."
    )


def _would_change(question: Question, found: Findings, verdicts: Verdicts) -> str:
    parts = []
    failed = [c for checks in found.checks.values() for c in checks if c.passed is False]
    if any(v.label == "cannot tell" for v in verdicts.values()):
        parts.append("More firms or a longer time would narrow the intervals.")
    if verdicts[VALUE].label == UNTESTED:
        parts.append("Market values, or monthly returns with the market's factors, would let the value be tested.")
    if failed:
        parts.append(f"{plural(len(failed), 'check')} did not pass (see Checks), which lowers the grade.")
    parts.append("A change in service that came to some firms and not to others would lift the grade.")
    return " ".join(parts)


def method(question: Question, found: Findings) -> tuple[str, ...]:
    """Say how everything was estimated and what that rests on."""
    length, lag = question.panel.length, plural(question.lag, question.panel.length)
    return (
        f"The path: the change of log value and log revenue, and of earnings as a share of the revenue of the {length} "
        f"before, is regressed on satisfaction in standard deviations, with satisfaction of {_past(question)} held, "
        f"and of every later {length} up to the horizon, effects of firms and {length}s swept out; one regression for "
        f"each {length} before and after. A rise fades as rises of satisfaction do, by an autoregression without the "
        "bias of short panels, and the path is the coefficients weighted by what is left of it. Errors are clustered "
        "by firm, with t quantiles, and hold how well the fading is known; bands hold a whole path at once. Later "
        "satisfaction is held because it is tied to the firm's mean that is swept out: left free, it pulls the path "
        "towards zero in few periods. Where money moves satisfaction it may not be held; the arrow looks at that.",
        f"Standing: share of its industry's other firms that a firm outdoes, regressed on its own satisfaction {lag} "
        f"before and on the mean of its rivals', effects of firms and {length}s swept out. Time at the top: hazards of "
        "losing and of reaching the top in discrete time, on satisfaction above that of the industry's other firms, "
        "the time so far and whether the firm had been there before; firms may come back; errors are by firm.",
        "Shares: portfolios of the best and the worst firms by the last score that was public, formed anew with each "
        f"score ({plural(question.public_after, 'month')} after a {length}'s first day), weights drifting in between; "
        "monthly returns are regressed on the factors, with errors from slow cosine waves and t quantiles made for few "
        "of them.",
        "It rests on this: nothing else moves a firm's satisfaction and its money at the same time, and money does not "
        "move satisfaction first; the arrow's direction and the path before the rise look at the second, nothing at "
        "the first. Firms depend on each other only as far as the checks allow.",
        "References: Fornell, Morgeson and Hult (2016), Journal of Marketing 80, 92–107; Fornell, Mithas, Morgeson "
        "and Krishnan (2006), Journal of Marketing 70, 3–14; Jordà (2005), American Economic Review 95, 161–182; "
        "Teulings and Zubanov (2014), Journal of Applied Econometrics 29, 497–514; Allison (1982), Sociological "
        "Methodology 13, 61–98; Jaffe (1974), Journal of Business 47, 410–428; Carhart (1997), Journal of Finance "
        "52, 57–82; Lazarus, Lewis, Stock and Watson (2018), Journal of Business & Economic Statistics 36, 541–559; "
        "Dhaene and Jochmans (2016), Economics Letters 145, 98–103.",
    )
