"""What one customer wrote and no other is never shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroi.metrics.verbatims import mask_verbatims

COMMON = "the service was slow but friendly"


def crowd(n, text=COMMON):
    return [(f"c{i}", text) for i in range(n)]


def test_words_of_many_stay_and_words_of_few_go():
    told = mask_verbatims([*crowd(12), ("c99", "the service of Anna Müller was slow")], smallest=10)
    assert told[0] == COMMON
    assert told[1] == "the service […] was slow"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anna Müller was slow. I waited.", "[…] was slow. I waited."),
        ("Waited too long. I am Jane Doe", "Waited too long. I am […]"),
        ("Quick help by Østergaard, twice", "Quick help by […], twice"),
    ],
)
def test_names_go_even_where_many_bear_them(text, shown):
    assert mask_verbatims(crowd(30, text), smallest=10) == (shown,)


def test_nothing_is_shown_of_few_writers_whatever_they_wrote():
    assert mask_verbatims(crowd(9), smallest=10) == ()
    assert mask_verbatims([("c1", COMMON)] * 40, smallest=10) == ()


def test_one_customer_who_writes_often_does_not_make_a_word_common():
    told = mask_verbatims(
        [*crowd(12), *[("c99", f"the service was slow, Zebedee {i}") for i in range(50)]], smallest=10
    )
    assert not any("Zebedee" in text for text in told)


def test_addresses_numbers_and_identifiers_go_even_where_many_wrote_them():
    text = "the service was slow, write me at anna@example.org or 0171 2345678, C-00012"
    told = mask_verbatims(crowd(20, text), smallest=10, identifiers={"c-00012"})
    assert told == ("the service was slow, write me at [e-mail] or [number], [customer]",)


def test_the_choice_does_not_depend_on_the_order():
    rows = [(f"c{i}", f"{COMMON} {'very' if i % 2 else 'quite'}") for i in range(40)]
    assert mask_verbatims(rows, smallest=10) == mask_verbatims(rows[::-1], smallest=10)


@given(st.text(max_size=40), st.integers(2, 12))
def test_no_word_of_a_single_customer_stays(own, n):
    told = mask_verbatims([*crowd(n), ("x", f"{COMMON} {own}")], smallest=2)
    words = {w.casefold() for text in told for w in re.findall(r"[^\W_]+", text)}
    assert words <= set(COMMON.split()) | {"e", "mail", "number", "account", "customer"}
