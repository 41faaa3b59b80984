"""The words and the table of what everybody would have said."""

from __future__ import annotations

from datetime import date

import pandas as pd

from coroi import report
from coroi.report.words import MINUS, interval, join_words, number, percent, plural
from coroi.schemas import Period
from coroi.studies.inputs import Inputs
from coroi.studies.readiness.voices import Voice, Voices

_DIGITS = {"nps": 0, "mean": 2}


def voice_table(voices: Voices) -> report.Block:
    """Show each metric as observed, weighted for who answers, and within what the silent leave open."""
    if not voices.voices:
        return report.prose(
            "What the silent leave open cannot be told: no metric has answers with customers around them."
        )
    frame = pd.DataFrame([_row(voice) for voice in voices.voices])
    return report.table(
        frame, caption="What those who answered say, and what everybody would; intervals in brackets", name="voices"
    )


def voice_notes(voices: Voices) -> report.Block:
    """Say, metric by metric, what the silent would have to think for the conclusion to turn."""
    return report.notes(sentence(voice) for voice in voices.voices)


def voice_checks(voices: Voices) -> report.Block:
    """Show whether weights can stand for the silent."""
    return report.checks(voices.checks)


def voice_method(voices: Voices, inputs: Inputs) -> report.Block:
    """Say what an occasion is, what the weights assume and what the bounds do not."""
    return report.prose(
        _occasion_words(voices, inputs.plan.period),
        "Weighted: every answer counts by the inverse of its chance to come, told by what was known of the customer "
        "before: tenure, segment, the last answer, and purchases and contacts in the period before, so far as the data "
        "hold them. It speaks for everybody if, among customers alike in these, who answers does not depend on what "
        "they think. Nothing in the data can test that. Intervals are clustered by customer and hold the uncertainty "
        "of the weights.",
        "Whatever the silent think: from the lowest to the highest that everybody's score can be, with all silent "
        "occasions at one end of the scale or the other, widened by what chance adds. It assumes nothing, and holds "
        "everybody's score wherever it lies between.",
    )


def sentence(voice: Voice) -> str:
    """Say what the silent would have to think for a metric's conclusion to turn."""
    flip, observed = voice.found("silent_to_flip"), voice.found("observed")
    name = f"{voice.label[:1].upper()}{voice.label[1:]}"
    if not observed["identified"]:
        return f"{name}: not estimable, since {observed['reason']}."
    if flip["reason"] == "nobody is silent":
        return f"{name}: every occasion was answered, so that nobody is silent."
    if not flip["identified"]:
        return f"{name}: what the silent leave open cannot be told, since {flip['reason']}."
    above = float(observed["estimate"]) >= voice.threshold
    side, turn = ("above", "below") if above else ("below", "above")
    middle = number(voice.threshold, 0 if float(voice.threshold).is_integer() else 1)
    start = f"{name}: those who answered say {_points(voice, observed['estimate'])}, {side} {middle}."
    silent = percent(1 - voice.n_answered / voice.n_occasions)
    if not flip["can_flip"]:
        worst = "lowest" if above else "highest"
        return f"{start} Even if the {silent} silent all chose the {worst} score, everybody's would not be {turn} it."
    ends = interval(float(flip["conf_low"]), float(flip["conf_high"]), decimals=_DIGITS[voice.outcome])
    return (
        f"{start} For everybody's to be {turn} it, the {silent} silent would have to average "
        f"{_points(voice, flip['estimate'])} or {'less' if above else 'more'} (interval {ends})."
    )


def _row(voice: Voice) -> dict[str, str]:
    scale = f"{voice.scale[0]:g} to {voice.scale[1]:g}".replace("-", MINUS)
    low, high = voice.found("lower_bound"), voice.found("upper_bound")
    return {
        "Metric": f"{voice.label}, {scale}",
        "Answered": f"{number(voice.n_answered)} of {number(voice.n_occasions)} "
        f"({percent(voice.n_answered / voice.n_occasions)})",
        "As observed": _cell(voice, voice.found("observed")),
        "Weighted for who answers": _cell(voice, voice.found("weighted")),
        "Whatever the silent think": _span(voice, low, high),
    }


def _cell(voice: Voice, row: pd.Series) -> str:
    if not row["identified"]:
        return f"not estimable: {row['reason']}"
    ends = interval(float(row["conf_low"]), float(row["conf_high"]), decimals=_DIGITS[voice.outcome])
    return f"{_points(voice, row['estimate'])} ({ends})"


def _span(voice: Voice, low: pd.Series, high: pd.Series) -> str:
    if not low["identified"]:
        return f"not estimable: {low['reason']}"
    digits = max(_DIGITS[voice.outcome] - 1, 0)  # the range is wide: one digit less tells it
    return interval(float(low["conf_low"]), float(high["conf_high"]), decimals=digits)


def _points(voice: Voice, value: float) -> str:
    return number(float(value), _DIGITS[voice.outcome])


def _occasion_words(voices: Voices, period: Period) -> str:
    waves = max((voice.waves for voice in voices.voices), key=len, default=())
    if not waves:
        return "Occasion: each customer of the snapshot, answered or not."
    periods = voices.voices[0].periods
    days = join_words([_day(wave) for wave in waves])
    begin = f"waves that begin on {days}" if len(waves) > 1 else f"the wave that begins on {days}"
    return (
        f"Occasion: a customer who is there when a wave begins; the first answer within the wave's "
        f"{plural(periods, period)} counts ({begin}). Whom a question was sent to is not in the data where no answer "
        f"came back: who was never asked is silent here, too."
    )


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"
