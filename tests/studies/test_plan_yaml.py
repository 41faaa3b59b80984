"""What a plan's YAML may not be, and what may never be written into it."""

from __future__ import annotations

import pytest

from coroi.errors import PlanError
from coroi.studies.no_secrets import is_secret_key, is_secret_value
from coroi.studies.plan import read_plan
from coroi.studies.yaml_lines import MAX_BYTES, read_scalar, read_yaml, shown

WAY_OUT = "Take it out of the plan: connections come from the environment."
SECRET = f"this looks like a secret or an address of a service; the plan is no place for it. {WAY_OUT}"


@pytest.fixture
def refused(tmp_path):
    def refused(text):
        (tmp_path / "plan.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(PlanError) as error:
            read_plan(tmp_path / "plan.yaml", known_studies={})
        return [str(p) for p in error.value.problems]

    return refused


UNREADABLE = [
    ("", "plan.yaml: the file is empty. `coroi init` writes one to start from."),
    ("# only a comment\n", "plan.yaml: the file is empty. `coroi init` writes one to start from."),
    ("- a\n- b\n", "plan.yaml line 1: the file is not a list of keys with values. Begin with `name: …`."),
    ("\njust text\n", "plan.yaml line 2: the file is not a list of keys with values. Begin with `name: …`."),
    ("a: 1\nb: caf\xe9\n".encode("latin-1"), "plan.yaml line 2: the text is not UTF-8. Save it as UTF-8."),
    ("name: acme\n".encode("utf-16"), "plan.yaml line 1: the text is not UTF-8. Save it as UTF-8."),
    ("a: 1\n\tb: 2\n", "plan.yaml line 2: the text does not follow YAML here. A tab stands where blanks belong."),
    (
        "a: 1\npath: *.csv\n",
        "plan.yaml line 2: the text does not follow YAML here. Put text that begins with * in quotes.",
    ),
    (
        "a: 1\ndate_format: %d.%m\n",
        "plan.yaml line 2: the text does not follow YAML here. Put text that begins with %, @ or ` in quotes.",
    ),
    (
        "a: 1\nb: c: d\n",
        "plan.yaml line 2: the text does not follow YAML here. Put text that holds ': ' in quotes, and check the "
        "indentation.",
    ),
    ("a: [1, 2\nb: 3\n", "plan.yaml line 2: the text does not follow YAML here. A bracket opens and never closes."),
    ("a: 'b\n", "plan.yaml line 2: the text does not follow YAML here. A quotation mark opens and never closes."),
    ("a: \x01\n", "plan.yaml line 1: the text does not follow YAML here. Check indentation, quotes and brackets."),
    ("a: 1\n---\nb: 2\n", "plan.yaml line 2: a second document begins with '---'. Keep one plan a file."),
    ("a: " + "[" * 500_000, "plan.yaml line 1: nested more than 20 levels deep. A plan needs five."),
    (
        "#" * (MAX_BYTES + 1),
        "plan.yaml: the file has 1,000,001 bytes; a plan has at most 1,000,000. Is it the plan, or a data file?",
    ),
]


@pytest.mark.parametrize(("text", "expected"), UNREADABLE, ids=[repr(t[:20]) for t, _ in UNREADABLE])
def test_a_file_that_is_no_plan_is_told_with_its_line(refused, text, expected):
    assert refused(text) == [expected]


def test_code_in_yaml_is_refused_and_never_run(refused, tmp_path):
    target = tmp_path / "touched"
    call = f'!!python/object/apply:pathlib.Path.touch [!!python/name:pathlib.Path "{target}"]'
    text = f"name: acme\nseed: {call}\nx: !!str 5\n"
    tag = "a tag (text after '!') is not allowed: a plan holds data, never code. Take it out, or quote the text."
    assert refused(text) == [f"plan.yaml line {n}: {tag}" for n in (2, 2, 3)]
    assert not target.exists()


def test_anchors_and_aliases_are_refused(refused):
    text = "a: &x [1]\nb: *x\n"
    assert refused(text) == [
        "plan.yaml line 1: an anchor ('&') is not allowed. Write the value out, or quote the text.",
        "plan.yaml line 2: an alias ('*') is not allowed. Write the value out, or quote the text.",
    ]


def test_merge_keys_and_odd_keys_are_no_way_in(refused):
    found = refused("<<: {a: 1}\n? [b]\n: 1\n")
    assert found[0].startswith("plan.yaml line 1: name: is missing.")
    assert "plan.yaml line 1: <<: a plan has no key of this name. Known: contract_prices, currency," in "\n".join(found)
    assert found[-1] == "plan.yaml line 2: a key is a list or a mapping. A key is a name."


def test_a_missing_file_or_a_folder_says_what_is_there(tmp_path):
    (tmp_path / "plan.yaml").write_text("")
    for path, expected in [
        (tmp_path / "plam.yaml", f"{tmp_path / 'plam.yaml'}: there is no such file. Did you mean 'plan.yaml'?"),
        (tmp_path, f"{tmp_path}: this is a folder. Did you mean '{tmp_path / 'plan.yaml'}'?"),
    ]:
        with pytest.raises(PlanError) as error:
            read_yaml(path)
        assert str(error.value) == expected


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter22",
        "db_password: hunter22",
        "apiKey: hunter22",
        "access-key: hunter22",
        "connection: hunter22",
        "token: [hunter22]",
        "source: postgres://hunter22@host/db",
        "source: me:hunter22@host",
        "source: Server=db;Password=hunter22",
        "'https://hunter22.example': x",
    ],
)
def test_no_secret_can_be_written_and_none_is_repeated(refused, line):
    found = refused(f"name: acme\nstudies:\n  mine:\n    {line}\n")
    assert "hunter22" not in "\n".join(found)
    told = [m for m in found if m.endswith(SECRET)]
    assert [m.split(":")[0] for m in told] == ["plan.yaml line 4"]


def test_a_secret_in_a_path_or_a_column_is_not_repeated_by_other_checks(refused, tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n")
    text = "tables:\n  customers:\n    path: me:hunter22@host\n"
    text += "  responses:\n    path: a.csv\n    columns: {score: me:hunter22@x}\n"
    found = refused(text)
    assert "hunter22" not in "\n".join(found)
    assert f"plan.yaml line 3: tables.customers.path: {SECRET}" in found
    assert f"plan.yaml line 6: tables.responses.columns.score: {SECRET}" in found


@pytest.mark.parametrize(
    "key", ["password", "DB_PASSWORD", "apiKey", "api key", "secret", "auth-token", "connectionString"]
)
def test_words_for_secrets(key):
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key", ["customer_id", "path", "secret shopper", "token_count", "keys", "passwords_reset", "nps"]
)
def test_words_that_are_none(key):
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    "value", ["C:\\exports\\a.csv", "orders_*.csv", "10:30", "%H:%M", "a@b.example", "Note: a", 5, None]
)
def test_values_that_are_no_secrets(value):
    assert not is_secret_value(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("yes", "yes"), ("No", "No"), ("on", "on"), ("tRue", "tRue"),
        ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("007", "007"), ("1_000", "1_000"),
        ("0x1F", "0x1F"), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1.5.2", "1.5.2"), ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"), (".inf", ".inf"), ("9" * 400, "9" * 400),
    ],
)  # fmt: skip
def test_plain_words_are_read_as_written(text, value):
    assert read_scalar(text) == value
    assert type(read_scalar(text)) is type(value)


def test_values_are_shown_short():
    assert shown("x" * 100) == '"' + "x" * 57 + '…"'
    assert shown([1, "a", True]) == '[1, "a", true]'
    assert shown(list(range(9))) == "a list"
    assert (shown({}), shown({"a": 1}), shown(0.10), shown(None)) == ("an empty mapping", "a mapping", "0.1", "nothing")
