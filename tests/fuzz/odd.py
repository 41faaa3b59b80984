"""Values, texts and bytes that nobody would write on purpose, and ways of putting them where others stood."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import company
from hostile import FORMULAS, SCRIPTS, SHELL, TEMPLATES, TERMINAL

_COMMON: dict[str, Any] = {
    "deadline": None,  # each example has a limit of its own
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


def everyday(n: int) -> settings:
    """A short run, the same every time."""
    return settings(max_examples=n, derandomize=True, **_COMMON)


def long(n: int) -> settings:
    """A long run, new every time."""
    return settings(max_examples=n, **_COMMON)


PATHS = (
    "/etc/passwd", "../../../../etc/passwd", "~root/x.csv", "/dev/zero", "/dev/stdin", "/proc/self/environ", ".",
    "..", "/", "",
    "*", "**", "/**/*.csv", "[", "a[", "c*.csv", "customers.csv/", "con\x00tracts.csv", "file:///etc/passwd",
    "\\\\host\\share", "a" * 300,
)  # fmt: skip
TEXTS = (
    *SCRIPTS, *TEMPLATES, *FORMULAS, *SHELL, *TERMINAL, *PATHS,
    "\ufeff", "\u2028", "\x85", "\x00", "\ud800", "\U0010ffff", "\u0661\u0662", "e\u0301" * 40, "null", "~", "yes",
    "0x1f", "1_000", ".inf", ".nan",
    "-0", "1e309", "9" * 400, "0000-00-00", "9999-12-31", "2022-02-30", "utf-16", "idna", "undefined",
    "unicode_escape", "%d.%m.%Y", "%", "%Y%Y",
    "parquet", "xlsx", "whitespace", "customer_id", "_row", "metric", "score", "nps", "x" * 20_000,
)  # fmt: skip
NUMBERS = (
    0,
    -1,
    1,
    2,
    10**18,
    10**250,
    -(10**250),
    0.5,
    -0.0,
    1e308,
    -1e308,
    5e-324,
    float("inf"),
    float("nan"),
    True,
    False,
    None,
)

scalars = st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.text(max_size=20), st.integers(), st.floats())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(TEXTS), st.text(max_size=8)), inner, max_size=4),
    ),
    max_leaves=6,
)
_SNIPPETS = (
    "&a [*a, *a]", "*a", "<<: {a: 1}", "!!python/object/apply:os.system ['touch reached']", "!x y",
    "%YAML 9.9\n---\n", "---\n", "...\n",
    "\t", "\x07", "\x00", "\ufeff", "\u202e", '"\\UFFFFFFFF"', '"\\ud800"', "? [a]\n: b\n", "- ", "[" * 30,
    "{" * 30, "'", '"', "|\n", ">-\n", "# ", ": ",
    "\n\n", "\r", "a: 1\na: 2\n", "&" + "a" * 5000, "x" * 12_000, "2022-01-01", "0o17", "1:30", "=", "@", "`",
)  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] * bool(place) + [found for key, part in inner for found in _places(part, (*place, key))]


@st.composite
def plans(draw: Callable[..., Any]) -> str:
    """Draw a plan that was sound until some of its keys and values were exchanged, added or lost."""
    plan = company.plan()
    for _ in range(draw(st.integers(1, 3))):
        places = _places(plan)
        if not places:
            break
        place = draw(st.sampled_from(places))
        holder = plan
        for key in place[:-1]:
            holder = holder[key]
        change = draw(st.sampled_from(("value", "value", "lose", "rename", "add")))
        if change == "value":
            holder[place[-1]] = draw(values)
        elif change == "lose" or isinstance(holder, list):
            del holder[place[-1]]
        elif change == "rename":
            holder[draw(st.one_of(st.sampled_from(TEXTS), st.text(max_size=8)))] = holder.pop(place[-1])
        else:
            holder[
                draw(st.sampled_from(("path", "join", "where", "on", "in", "scale", "names", "sheet", "columns", "x")))
            ] = draw(values)
    return str(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False))


@st.composite
def texts(draw: Callable[..., Any]) -> str:
    """Draw a plan's text with snippets put in or taken out anywhere, or a text of nothing but snippets."""
    if draw(st.booleans()):
        return "".join(draw(st.lists(st.one_of(st.sampled_from(_SNIPPETS), st.text(max_size=10)), max_size=30)))
    text = str(yaml.safe_dump(company.PLAN, sort_keys=False))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(_SNIPPETS)) + text[at + draw(st.sampled_from((0, 0, 1, 5, 80))) :]
    return text


CELLS = (
    *(t.encode("utf-8", "replace") for t in TEXTS),
    b"", b'"', b'""', b'"a""b"', b'"a\nb"', b"\xff\xfe", b"\xc3\x28", b"1e309", b"-1e309", b"1,5", b"1.234,5",
    b"=1+1", b"\x1a", b"NaN", b"N/A", b"y" * 70_000,
)  # fmt: skip
_MARKS = (
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF32_LE,
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n",
    b'"',
    b",",
    b";",
    b"\t",
    b"|",
    b"'",
    b"\\",
    b"\x80",
)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp037")


@st.composite
def tables(draw: Callable[..., Any], name: str, *, keep_header: bool = False) -> bytes:
    """Draw a file that was sound until cells, lines, bytes or its encoding were exchanged, or that never was."""
    if not keep_header and draw(st.integers(0, 5)) == 0:
        odd = st.lists(st.one_of(st.sampled_from(_MARKS), st.sampled_from(CELLS), st.binary(max_size=20)), max_size=40)
        return b"".join(draw(odd))
    rows = [line.split(b",") for line in company.tables()[name].encode().splitlines()]
    first = 1 if keep_header else 0
    for _ in range(draw(st.integers(0, 6))):
        row = rows[draw(st.integers(first, len(rows) - 1))]
        if row:
            row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(CELLS))
    for _ in range(draw(st.integers(0, 2))):
        row = rows[draw(st.integers(first, len(rows) - 1))]
        row += draw(st.lists(st.sampled_from(CELLS), max_size=3)) or [b""] * draw(st.sampled_from((1, 3000)))
    end = draw(st.sampled_from((b"\n", b"\n", b"\r\n", b"\r")))
    content = end.join(b",".join(row) for row in rows) + draw(st.sampled_from((end, b"", b"\n\n", b'"')))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(content.index(end) + len(end) if keep_header else 0, len(content)))
        content = content[:at] + draw(st.sampled_from(_MARKS)) + content[at + draw(st.sampled_from((0, 1, 40))) :]
    if draw(st.integers(0, 4)) == 0:
        content = content.decode("utf-8", "replace").encode(draw(st.sampled_from(_ENCODINGS)), "replace")
    return content


@st.composite
def damaged(draw: Callable[..., Any], sound: bytes) -> bytes:
    """Draw a file whose bytes were cut, changed or put in, at its ends more often than in between."""
    content = sound
    for _ in range(draw(st.integers(1, 3))):
        n = len(content)
        spot = st.one_of(st.integers(0, n), st.integers(max(0, n - 200), n), st.integers(0, min(100, n)))
        at, gone = draw(spot), draw(st.sampled_from((0, 1, 4, 64, n)))
        content = content[:at] + draw(st.binary(max_size=8)) + content[at + gone :]
    return content
