"""What the answer of the study `profit` means, what it does not, what would change it, and how it was made."""

from __future__ import annotations

from coroi.report.sentences import begin, level_of
from coroi.report.words import join_words, money, percent, plural
from coroi.results import Result, Verdict
from coroi.studies.profit.question import Question
from coroi.studies.profit.words import UNTESTED, started


def meaning(question: Question, result: Result, verdict: Verdict) -> tuple[str, str, str]:
    """Say what the answer means, what it does not mean, and what would change it."""
    return _means(question, verdict), _means_not(question), _would_change(question, result, verdict)


def method(question: Question, result: Result) -> tuple[str, ...]:
    """Say how the numbers were estimated and what that rests on."""
    level, frequency = level_of(result), question.frequency
    if question.cohort.start is None:
        return ("Nothing was fitted.",)
    winsorised = (
        f"Money was pulled in to its quantiles at {percent(question.winsorised, 1)} of each tail of a {frequency}, as "
        "asked for."
        if question.winsorised
        else "No amount was cut or pulled in, however large."
    )
    return (
        f"The cohort is everybody who was a customer in the {frequency} that begins on {started(question)}. Who "
        "leaves stays in it with no money; who comes back brings what they bring. "
        f"{begin(question.outcome)} is taken as the tables tell it, in {question.currency}. {winsorised}",
        f"For every {frequency} after a score is known one regression is fitted (local projections by instrument): of "
        f"the money of that {frequency} less that of the {frequency} before the score, on the score's change since "
        f"then, with what moved everybody in a {frequency} taken out. What counts is the new part of the change: the "
        f"score less what {_held(result, frequency)} foretell. A customer's own level drops out. The part of the "
        f"difference that comes from customers who left by then is fitted apart, with the new part less the customer's "
        f"mean of it {_settled(result, frequency)} back and further, and added. All "
        f"{plural(question.horizon, 'regression')} share their customers, and the band comes from that. Errors are "
        f"clustered by customer and carry those of what foretells the score; intervals are at {level}.",
        "Within against between: the same customers over time (two-way fixed effects), beside means of customers and "
        "all rows alike. What lasts: distributed lags, free. The arrow: score and money on each other's past, with "
        "the bias of short panels taken out.",
        *_computed(result),
        "It rests on this: beyond customers' own levels, what moves everybody and the last scores and money, nothing "
        "else moves the score first and the money afterwards; and a score of long ago no longer moves who leaves now. "
        "That cannot be tested; the placebo lead and the reverse arrow are what can. Everybody responds alike; "
        "customers act independently of each other.",
        "References: Jordà (2005), American Economic Review 95, 161–182; Anderson and Hsiao (1982), Journal of "
        "Econometrics 18, 47–82; Stock and Watson (2018), Economic Journal 128, 917–948; Montiel Olea and "
        "Plagborg-Møller (2019), Journal of Applied Econometrics 34, 1–17; Mundlak (1978), Econometrica 46, 69–85; "
        "Dhaene and Jochmans (2016), Economics Letters 145, 98–103; Granger (1969), Econometrica 37, 424–438.",
    )


def _of_path(result: Result, name: str) -> int:
    parts = result.spec["parts"]
    return int(parts["path"][name]) if isinstance(parts, dict) and "path" in parts else 1


def _held(result: Result, frequency: str) -> str:
    """Say how much of the past foretells the score: as much as one period more adds something to."""
    lags = _of_path(result, "lags")
    return f"score and money of the {frequency if lags == 1 else f'{lags} {frequency}s'} before"


def _settled(result: Result, frequency: str) -> str:
    return plural(_of_path(result, "settle"), frequency)


def _computed(result: Result) -> tuple[str, ...]:
    """Say of each regression how many rows it had, and whether they were held at once."""
    computed = result.spec["computed"]
    if not isinstance(computed, dict) or not computed:
        return ()
    named = {"path": "money after a score", "side by side": "within against between", "lags": "what lasts"}
    named |= {"direction": "the arrow"}
    said = "; ".join(f"{named[name]} {words}" for name, words in computed.items())
    return (f"Computed: {said}. Blocks of whole customers give the numbers of rows in memory.",)


def _means(question: Question, verdict: Verdict) -> str:
    if verdict.label == UNTESTED:
        return f"Nothing about the worth of {question.label} in money should be read from these data: {verdict.reason}."
    per = f"a customer brings {_rounded(question)} a {question.frequency} on average"
    text = {
        "supported": f"When the same customers score better, more money follows within {question.span}",
        "consistent with": f"When the same customers score better, more money follows within {question.span}",
        "too small to matter": f"Within {question.span}, changes of the score hardly show in money",
        "contradicted": f"When the same customers score better, less money follows within {question.span}",
        "claimed effect ruled out": f"A gain in money that would matter can be ruled out within {question.span}",
    }.get(verdict.label, "The data hold too little to say whether money follows the score")
    return f"{text}; {per}, those who left counted as nothing."


def _means_not(question: Question) -> str:
    return (
        "It is no proof that raising scores raises money: something else, such as a better service, a price or a "
        "rival, may move both, and only a trial or a staged roll-out tells them apart. It speaks of the customers "
        f"who answer, and of scores as they moved; what happens after {question.span} is not in it, nor what new "
        "customers bring."
    )


def _would_change(question: Question, result: Result, verdict: Verdict) -> str:
    failed = [c.tested for c in result.checks if c.passed is False]
    if verdict.label == UNTESTED:
        return "It would take money by customer and period, and scores of the same customers at several dates."
    said = "The answer would change if scores follow money rather than lead it, or if what moves both was left out."
    if failed:
        return f"{said} These checks did not hold: {join_words(failed)}; read the numbers with them in mind."
    return f"{said} None of the checks below speaks for that here."


def _rounded(question: Question) -> str:
    return money(question.mean_money, max(0.1 * abs(question.mean_money), 1e-9), question.currency)
