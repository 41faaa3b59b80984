from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from coroi.errors import ReportError
from coroi.report import Answer, blocks, headline, notes, prose
from coroi.results import Label, Verdict

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
ESCAPED = "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(2)&lt;/script&gt;"
VERDICT = Verdict(
    theta="retained, points",
    estimate=0.1,
    conf_low=0.05,
    conf_high=0.15,
    delta=0.01,
    level=0.996,
    label="cannot tell",
    label_95="consistent with",
    grade="D",
    reason="More answers would settle it.",
)


def test_headline_shows_the_sentence_then_the_card() -> None:
    block = headline(Answer("12 of 100 stay.", (("Verdict", "Cannot tell"), ("Interval", "5 to 19")), VERDICT))
    html = str(block.html)
    assert html.index("12 of 100 stay.") < html.index("<dl") < html.index("Cannot tell") < html.index("5 to 19")
    assert html.count("<svg") == 1
    assert 'aria-hidden="true"' in html
    assert block.text == "12 of 100 stay.\nVerdict: Cannot tell\nInterval: 5 to 19"


def test_headline_adds_both_verdicts_where_the_card_names_none() -> None:
    answer = Answer("s", (("Interval", "5 to 19"),), VERDICT)
    assert answer.rows[0] == (
        "Verdict",
        "Cannot tell (interval at 99.6\u00a0%); at 95\u00a0%: consistent with the claim. More answers would settle it.",
    )
    untested = replace(VERDICT, label="not testable with this data", reason="`responses` is missing.")
    assert Answer("s", (), untested).rows == (("Verdict", "Not testable with this data. `responses` is missing."),)


def test_every_verdict_has_a_shape_and_adverse_ones_do_not_share_it_with_happy_ones() -> None:
    shapes = {
        label: str(blocks.shape(Answer("s", (), replace(VERDICT, label=label)).tone)) for label in get_args(Label)
    }
    assert all(shapes.values())
    assert len(set(shapes.values())) == len(shapes) - 1
    assert shapes["contradicted"] == shapes["claimed effect ruled out"]


def test_every_verdict_gets_the_same_space() -> None:
    def skeleton(label: Label) -> str:
        block = headline(Answer("s", (("Verdict", "v"),), replace(VERDICT, label=label)))
        return str(block.html).replace(str(blocks.shape(Answer("s", (), replace(VERDICT, label=label)).tone)), "")

    assert len({skeleton(label) for label in get_args(Label)}) == 1


def test_headline_without_verdict_draws_no_shape() -> None:
    answer = Answer("s", (("Verdict", "v"),))
    assert answer.tone == "plain"
    assert "<svg" not in headline(answer).html


def test_headline_needs_a_sentence() -> None:
    with pytest.raises(ReportError, match="no sentence"):
        headline(Answer("  ", ()))


def test_hostile_text_is_escaped_in_every_slot() -> None:
    for block in (headline(Answer(HOSTILE, ((HOSTILE, HOSTILE),))), prose(HOSTILE), notes([HOSTILE])):
        assert ESCAPED in block.html
        assert "<script" not in block.html
        assert "<img" not in block.html


def test_backticks_become_code_and_stay_escaped() -> None:
    assert str(prose("`a<b` is missing").html) == '<div class="prose"><p><code>a&lt;b</code> is missing</p></div>'


def test_notes_of_nothing_say_none() -> None:
    assert "None." in notes([]).html
    assert str(notes(["a", "b"]).html) == '<ul class="notes"><li>a</li><li>b</li></ul>'


def test_a_block_is_marked_as_ours() -> None:
    data, metadata = prose("a", "b")._repr_mimebundle_()
    assert data == {"text/html": '<div class="prose"><p>a</p><p>b</p></div>', "text/plain": "a\n\nb"}
    assert metadata == {"coroi": {"kind": "text"}}
