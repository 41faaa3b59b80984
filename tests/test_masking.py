"""What could name a person never stands in masked text; scores, dates and money always do."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroi.masking import candidates, could_be_told, fold, looks_like_data, mask_text, mask_value, mask_word

PLAIN = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60)


@given(PLAIN)
def test_no_letter_and_no_digit_of_a_cell_stays_in_its_shape(text):
    shape = mask_value(text)
    assert len(shape) <= 25
    assert not {c for c in shape if c.isalnum()} - {"A", "a", "9"}
    for given_, shown in zip(text, shape, strict=False):
        assert shown == given_ or unicodedata.category(given_)[0] in "LMNZCPS"


@pytest.mark.parametrize(
    ("cell", "shape"),
    [
        ("31/12/2020", "99/99/9999"),
        ("Anna Müller", "Aaaa Aaaaaa"),
        ("C-0012", "A-9999"),
        ("a@b.de", "a@a.aa"),
        ("٣٤", "99"),
        ("山田", "aa"),
        (11, "99"),
        (None, "Aaaa"),
        ("x" * 40, "a" * 24 + "…"),
        ("", ""),
    ],
)
def test_a_cell_is_shown_as_its_shape(cell, shape):
    assert mask_value(cell) == shape


@pytest.mark.parametrize(
    ("word", "rows", "shown"),
    [
        ("Service desk", 10, "Service desk"),
        ("Service desk", 9, "Aaaaaaa aaaa"),
        ("anna@b.de", 500, "aaaa@a.aa"),
        ("C12", 500, "A99"),
        ("net promoter score", 12, "net promoter score"),
        ("serv", 1, "serv"),
        ("Serena", 1, "Aaaaaa"),
    ],
)
def test_a_word_is_shown_where_many_rows_hold_it(word, rows, shown):
    assert mask_word(word, rows, ("serve", "programme")) == shown


EMAILS = st.builds(
    lambda local, host, top: f"{local}@{host}.{top}",
    st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüßñ0123456789._+-", min_size=1, max_size=20).filter(
        lambda s: s[0] not in ".-+_"
    ),
    st.from_regex(r"\A[a-zé]{2,12}(?:-[a-z]{2,5})?\Z"),
    st.sampled_from(("de", "com", "co.uk", "museum", "рф", "日本")),
)
LETTERS_AROUND = st.text(alphabet=st.characters(categories=("Ll", "Lu", "Zs"), exclude_characters="@"), max_size=30)


@given(EMAILS, LETTERS_AROUND, LETTERS_AROUND)
def test_an_email_address_never_stays(email, before, after):
    masked = mask_text(f"{before} {email} {after}")
    assert "@" not in masked
    assert email not in masked
    assert "[e-mail]" in masked


def in_groups(digits, sizes, separator):
    groups, at = [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    return separator.join(g for g in [*groups, digits[at:]] if g)


PHONES = st.one_of(
    st.builds(
        lambda code, digits, sizes, sep: f"+{code}{sep}{in_groups(digits, sizes, sep)}",
        st.integers(1, 998),
        st.text("0123456789", min_size=7, max_size=11),
        st.lists(st.integers(2, 4), max_size=4),
        st.sampled_from(("", " ", "-", ".", "\u00a0", "/", "\u2011")),
    ),
    st.builds(
        lambda digits, sizes, sep: "0" + in_groups(digits, sizes, sep),
        st.text("123456789", min_size=8, max_size=11),
        st.lists(st.integers(2, 4), max_size=2),
        st.sampled_from(("", " ", "-", "/")),
    ),
    st.builds(lambda a, b, c: f"({a}) {b}-{c}", st.integers(200, 999), st.integers(200, 999), st.integers(1000, 9999)),
    st.builds(lambda a, b: f"{a}-{b}", st.integers(200, 999), st.integers(1000, 9999)),
)


@given(PHONES, LETTERS_AROUND)
def test_a_telephone_number_never_stays(phone, before):
    digits = "".join(c for c in phone if c.isdigit())
    masked = mask_text(f"{before} call {phone} please")
    left = "".join(c for c in masked if c.isdigit())
    assert digits not in left
    assert "[number]" in masked


@given(st.text("0123456789", min_size=13, max_size=19), st.sampled_from(("", " ", "-")))
def test_a_card_number_never_stays(digits, separator):
    written = in_groups(digits, (4, 4, 4), separator)
    masked = mask_text(f"my card {written} is lost")
    assert masked == "my card [number] is lost"


@pytest.mark.parametrize(
    "iban",
    ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"],
)
def test_an_account_number_never_stays(iban):
    assert mask_text(f"pay to {iban}.") == "pay to [account]."


@pytest.mark.parametrize("digits", ["٠١٧١٢٣٤٥٦٧٨", "０１７１２３４５６７８", "0171\u200b2345678", "0171\u00ad2345678"])
def test_digits_of_other_scripts_and_hidden_characters_do_not_save_a_number(digits):
    assert mask_text(f"ring {digits}") == "ring [number]"


@pytest.mark.parametrize("email", ["anna＠example.org", "an\u200bna@example.org", "ANNA@EXAMPLE.ORG", "a @ b.org"])
def test_an_address_in_disguise_is_masked(email):
    assert mask_text(f"write {email}") == "write [e-mail]"


@given(
    st.one_of(
        st.integers(-100, 999_999).map(str),
        st.integers(0, 10**9).map("{:,}".format),
        st.dates().filter(lambda d: 1900 <= d.year < 2100).map(str),
        st.dates().filter(lambda d: 1900 <= d.year < 2100).map("{:%d.%m.%Y}".format),
        st.dates().filter(lambda d: 1900 <= d.year < 2100).map("{:%m/%d/%Y}".format),
        st.datetimes().filter(lambda d: 1900 <= d.year < 2100).map("{:%Y-%m-%d %H:%M:%S}".format),
        st.floats(-1e5, 1e5).map("{:.6f}".format),
        st.integers(0, 10**9).map("EUR {}".format),
        st.integers(0, 10**8).map("${:,}.50".format),
        st.integers(1, 10**8).map(lambda n: f"{n:,} €".replace(",", " ")),
        st.lists(st.integers(0, 10), min_size=2, max_size=12).map(lambda s: " ".join(map(str, s))),
        st.lists(st.integers(1900, 2099), min_size=2, max_size=5).map(lambda s: "-".join(map(str, s))),
    )
)
def test_scores_dates_money_and_counts_stay(number):
    told = f"I gave {number}, then left"
    assert mask_text(told) == told


@given(PLAIN)
def test_masking_twice_is_masking_once(text):
    once = mask_text(text)
    assert mask_text(once) == once


IDENTIFIERS = st.text(
    alphabet=st.characters(categories=("Ll", "Lu", "Lo", "Nd"), exclude_characters="\u0345"), min_size=2, max_size=12
).filter(lambda s: could_be_told(fold(s)))


@given(
    IDENTIFIERS,
    st.sampled_from(("{}", "I am {}.", "'{}'", "row ({}):", "{}, again", "id={}", "x/{}/y", "KeyError: {}")),
)
def test_an_identifier_of_the_data_never_stays(identifier, frame):
    known = {fold(identifier)}
    text = frame.format(identifier.upper() if identifier.upper().casefold() == identifier.casefold() else identifier)
    assert candidates([text]) & known
    assert fold(identifier) not in mask_text(text, known).casefold().replace("[customer]", "").replace(
        "[number]", ""
    ) or (fold(identifier) in frame.casefold())


def test_names_of_several_words_and_joined_identifiers_are_found():
    known = {"anna maria müller", "c-00012", "c_17"}
    assert mask_text("Anna Maria Müller wrote", known) == "[customer] wrote"
    assert mask_text("contract C-00012-B", known) == "contract [customer]-B"
    assert mask_text("see file_c_17.csv", known) == "see file_[customer].csv"


def test_an_identifier_of_few_digits_is_left_and_one_of_many_is_not_taken_for_money():
    assert mask_text("12 of 4711 gave 9", ["4711"] if could_be_told("4711") else []) == "12 of 4711 gave 9"
    assert mask_text("customer 47111 paid EUR 47111", ["47111"]) == "customer [customer] paid EUR 47111"


@pytest.mark.parametrize(
    "line",
    [
        ("KD-000123-X", "2024-01-03", "basic"),
        ("kunde@firm.example", "basic"),
        ("Anna Quillfeather", "+49 171 5500123"),
        ("Anna Quillfeather", "basic", "29.33"),
        ("Anna Quillfeather", "7", "basic"),
        ("Anna Quillfeather", "03.01.2024", "basic"),
        ("70012000004",),
    ],
)
def test_a_first_line_that_may_be_a_row_looks_like_data(line):
    assert looks_like_data(line)


@pytest.mark.parametrize(
    "line",
    [
        ("customer_id", "Start date", "end"),
        ("Company", "1999", "2000", "2001"),
        ("Company", "95", "96", "00"),
        ("id", "2024-01-01", "2024-02-01", "2024-03-01"),
        ("id", "202401", "202402", "score_2024"),
        ("Q1_2023_score", "NPS (0-10)", "Q7A"),
        (),
    ],
)
def test_names_of_columns_and_of_periods_do_not(line):
    assert not looks_like_data(line)
