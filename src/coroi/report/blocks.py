"""What a notebook shows and a page understands: the answer, paragraphs and notes, each escaped and marked as ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup, escape

from coroi.errors import ReportError
from coroi.report.words import percent, verdict_words
from coroi.results import Label, Verdict

MARK = "coroi"
Kind = Literal["headline", "table", "text"]
Tone = Literal["for", "leaning", "small", "against", "open", "untested", "plain"]

_TONES: dict[Label, Tone] = {
    "supported": "for",
    "consistent with": "leaning",
    "too small to matter": "small",
    "contradicted": "against",
    "claimed effect ruled out": "against",
    "cannot tell": "open",
    "not testable with this data": "untested",
}
_TICK = '<path d="M5.5 10.4l3 3 6-6.6"/>'
_SHAPES: dict[str, str] = {
    "for": f'<circle class="solid" cx="10" cy="10" r="9"/><g class="on-solid">{_TICK}</g>',
    "leaning": f'<circle cx="10" cy="10" r="8.2"/>{_TICK}',
    "small": '<rect x="2.4" y="2.4" width="15.2" height="15.2" rx="2"/><path d="M6 10h8"/>',
    "against": '<path d="M10 1l9 9-9 9-9-9z"/><path d="M7.2 7.2l5.6 5.6m0-5.6l-5.6 5.6"/>',
    "open": '<circle cx="10" cy="10" r="8.2"/><path d="M7.4 8a2.6 2.6 0 1 1 3.9 2.3c-.9.5-1.3.9-1.3 1.9m0 2.4v.1"/>',
    "untested": '<circle cx="10" cy="10" r="8.2" stroke-dasharray="3 2.6"/>',
}


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of HTML made by this room, with the text that stands for it where HTML cannot be shown."""

    kind: Kind
    html: Markup
    text: str

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/html": str(self.html), "text/plain": self.text}, {MARK: {"kind": self.kind}}


@dataclass(frozen=True, slots=True)
class Answer:
    """A study's answer: one sentence, and the card below it.

    Parameters
    ----------
    sentence : str
        The answer with its number, its interval and the verb that its grade allows.
    card : tuple of (str, str)
        Rows of label and text; a verdict's row is labelled "Verdict" and is put first where it is missing.
    verdict : Verdict or None
        The verdict behind the sentence, where the study gives one.
    """

    sentence: str
    card: tuple[tuple[str, str], ...]
    verdict: Verdict | None = None

    @property
    def tone(self) -> Tone:
        """The shape that stands beside the verdict's words."""
        return _TONES[self.verdict.label] if self.verdict else "plain"

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """The card's rows, the verdict among them."""
        if self.verdict is None or any(label == "Verdict" for label, _ in self.card):
            return self.card
        return (("Verdict", _verdict_row(self.verdict)), *self.card)


def headline(answer: Answer) -> Block:
    """Show a study's answer: the sentence, largest on the page, then the card.

    Parameters
    ----------
    answer : Answer
        Sentence, card and verdict.

    Raises
    ------
    ReportError
        If the sentence is empty.
    """
    if not answer.sentence.strip():
        raise ReportError("The answer has no sentence. Say what was found, or that it cannot be told.")
    rows = Markup("").join(_card_row(label, text, answer.tone) for label, text in answer.rows)
    card = Markup('<dl class="card">{}</dl>').format(rows) if answer.rows else Markup("")
    html = Markup('<div class="answer"><p class="answer-sentence">{}</p>{}</div>').format(answer.sentence, card)
    text = "\n".join([answer.sentence, *(f"{label}: {value}" for label, value in answer.rows)])
    return Block("headline", html, text)


def prose(*paragraphs: str) -> Block:
    """Show paragraphs of plain text; what stands between backticks is set as code."""
    html = Markup("").join(Markup("<p>{}</p>").format(inline(p)) for p in paragraphs)
    return Block("text", Markup('<div class="prose">{}</div>').format(html), "\n\n".join(paragraphs))


def notes(items: Iterable[str]) -> Block:
    """Show a list of short notes; an empty one reads "None."."""
    found = list(items)
    if not found:
        return prose("None.")
    html = Markup("").join(Markup("<li>{}</li>").format(inline(i)) for i in found)
    return Block("text", Markup('<ul class="notes">{}</ul>').format(html), "\n".join(f"- {i}" for i in found))


def inline(text: str) -> Markup:
    """Escape text and set what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped first)


def shape(name: str) -> Markup:
    """Draw the small shape that stands beside a word, or nothing for "plain"."""
    if name not in _SHAPES:
        return Markup("")
    return Markup('<svg class="shape" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">{}</svg> ').format(
        Markup(_SHAPES[name])  # noqa: S704 (constants of this module)
    )


def words_and_shape(name: str, words: str) -> Markup:
    """Set a word beside its shape, kept on one line."""
    return Markup('<span class="told">{}{}</span>').format(shape(name), escape(words))


def _card_row(label: str, text: str, tone: Tone) -> Markup:
    if label == "Verdict":
        return Markup('<div class="verdict"><dt>{}</dt><dd>{}{}</dd></div>').format(label, shape(tone), text)
    return Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(label, text)


def _verdict_row(verdict: Verdict) -> str:
    words = verdict_words(verdict.label)
    if verdict.label == "not testable with this data":
        return f"{words}. {verdict.reason}".strip()
    beside = (
        f" (interval at {percent(verdict.level, 1)}); at {percent(0.95)}: {verdict_words(verdict.label_95).lower()}."
    )
    return f"{words}{beside} {verdict.reason}".strip()
