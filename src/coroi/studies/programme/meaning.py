"""What the answer of the study `programme` means, what it does not, what would change it, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping

from coroi.report.sentences import begin, level_of
from coroi.report.words import join_words, plural
from coroi.results import Result, Verdict
from coroi.studies.programme.guards import Guards, failed
from coroi.studies.programme.question import Question, first_day_words
from coroi.studies.programme.words import UNTESTED


def meaning(
    question: Question, result: Result, guards: Guards, verdicts: Mapping[str, Verdict]
) -> tuple[str, str, str]:
    """Say what the answer means, what it does not mean, and what would change it."""
    verdict = verdicts[question.headline]
    return _means(question, guards, verdict), _means_not(question), _would_change(question, guards, verdict)


def next_words(question: Question, guards: Guards, verdicts: Mapping[str, Verdict]) -> str:
    """Say what to measure next."""
    verdict = verdicts[question.headline]
    if verdict.label == UNTESTED:
        return (
            "What to measure next: the units' starts in the table 'programme', with units that start later or never, "
            "and at least half a year of data from before the first start."
        )
    said = []
    if verdict.label == "cannot tell":
        said.append(verdict.reason)
    missing = [c.name for c in guards.checks.get(question.headline, ()) if c.passed is None]
    if "placebo_outcomes" in missing:
        said.append(
            "Name a reason for leaving that nobody can change (the parameter `unmoved`), so that an outcome which "
            "cannot have moved can be looked at."
        )
    if not question.drawn:
        said.append(
            "Draw by lot which units start next (`coroi design`): that alone lifts the evidence to grade A, and says "
            "beforehand how many units it takes."
        )
    return f"What to measure next. {' '.join(said)}"


def method(question: Question, result: Result) -> tuple[str, ...]:
    """Say how the numbers were estimated and what that rests on."""
    if question.reason:
        return ("Nothing was fitted.",)
    level, frequency, start = level_of(result), question.frequency, first_day_words(question.units.start)
    early = (
        f" The last {plural(question.anticipation, frequency)} before a start may carry an effect already and are "
        "compared with nothing."
        if question.anticipation
        else ""
    )
    return (
        f"Units are followed by {frequency}. The score of a unit is the mean of the answers given in the {frequency}; "
        "who leaves is counted among all who could, whenever they joined; money is of the customers that a unit had in "
        f"the {frequency} that begins on {start}, who leave stays in it with nothing. Units count by their customers "
        f"then. The {frequency} of a start counts as the first with the programme, however late in it the start was; "
        "units whose programme ended later stay in, as what was started.",
        f"Effects: two-way effects of units and {frequency}s are fitted on untreated rows alone, and foretell what "
        f"treated rows would have been; what was seen less that is averaged over the {question.span} since each start "
        f"(imputation). {_compared(question)}{early}",
        *_where_few(result),
        f"Errors are clustered by unit and compared within cohorts of starts; intervals are at {level}, t with "
        "Satterthwaite's degrees of freedom; the band holds the whole path at once. Leads come from untreated rows "
        "alone: residuals of the imputation would be pulled to zero.",
        "It rests on this: without the programme, units that took it up would have moved as the others did; nobody "
        "reacted before the start but as said; and what one unit does leaves the others alone. The guards test what "
        "can be tested of that, and each that fails lowers the grade.",
        "References: Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91, 3253–3285; Callaway and "
        "Sant'Anna (2021), Journal of Econometrics 225, 200–230; Sun and Abraham (2021), same issue, 175–199; Dube, "
        "Girardi, Jordà and Taylor (2023), NBER 31184; Goodman-Bacon (2021), Journal of Econometrics 225, 254–277; "
        "Rambachan and Roth (2023), Review of Economic Studies 90, 2555–2591; Cinelli and Hazlett (2020), Journal of "
        "the Royal Statistical Society B 82, 39–67; Roth (2022), American Economic Review: Insights 4, 305–322.",
    )


def _means(question: Question, guards: Guards, verdict: Verdict) -> str:
    if verdict.label == UNTESTED:
        return f"Nothing about what {question.named} did should be read from these data: {verdict.reason}."
    outcome = question.outcome()
    better = "more" if outcome.sign > 0 else "less"
    text = {
        "supported": f"{begin(question.named)} brought {better} of {outcome.label} than units without it foretell",
        "consistent with": f"Units with {question.named} had {better} of {outcome.label} than units without foretell",
        "too small to matter": f"{begin(question.named)} changed {outcome.label} by less than would matter",
        "contradicted": f"Units with {question.named} fared worse in {outcome.label} than units without foretell",
        "claimed effect ruled out": f"A gain in {outcome.label} that would matter can be ruled out",
    }.get(verdict.label, f"The data hold too little to say what {question.named} did to {outcome.label}")
    grade = guards.grades.get(question.headline)
    said = f" {grade.words()}" if grade else ""
    return f"{text}, within {question.span} of the start. Evidence:{said}"


def _means_not(question: Question) -> str:
    return (
        f"It says nothing of what comes after {question.span}, of units unlike these, or of what the programme cost. "
        "An effect on who leaves changes who is left to answer, so that the score's effect is of those who stay."
    )


def _would_change(question: Question, guards: Guards, verdict: Verdict) -> str:
    if verdict.label == UNTESTED:
        return "It would take units that start at different times, or never, and data from before the first start."
    said = "The answer would change if units that took it up were about to move apart from the others anyhow."
    lost = failed(guards.checks.get(question.headline, ()))
    if lost:
        return f"{said} These guards did not hold: {join_words(lost)}."
    return f"{said} No guard that was run speaks for that here."


def _compared(question: Question) -> str:
    """Say who is compared with."""
    if question.compared_with == "never":
        return (
            f"As asked, only units that never start tell what a {question.frequency} brought; before its own start a "
            "unit tells its own level alone. Leads compare with units that start later too."
        )
    return "Units that start later and units that never start are compared with."


def _where_few(result: Result) -> tuple[str, ...]:
    """Say how the answer was made where no roll-out could be compared."""
    if result.method == "synthetic_control":
        return (
            "Here so few units start that a roll-out tells nothing. The effect is of the treated units less the mix of "
            "untreated ones that was nearest before the start (synthetic control); its interval holds the effects that "
            "placebos among untreated units do not reject. Reference: Abadie, Diamond and Hainmueller (2010), Journal "
            "of the American Statistical Association 105, 493–505.",
        )
    if result.method == "interrupted_series":
        return (
            "Here all units start at once, so that nobody is left to compare with. The effect is of the mean of all "
            "units after the start less what its course before foretells (interrupted series): whatever else began "
            "then is in it, which is why the evidence is graded D.",
        )
    return ()
