"""Tables that a screen reader can walk, a phone can scroll and a spreadsheet can open."""

from __future__ import annotations

import base64
import csv
import io
import math
import numbers
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import pandas as pd
from markupsafe import Markup

from coroi.errors import ReportError
from coroi.report.blocks import Block, prose, words_and_shape
from coroi.report.words import number
from coroi.results import Check

MOST_ROWS = 1_000
MISSING = "–"
_LONG = 30  # characters of a word that no column can hold
_FIGURES = re.compile(r"(?:[\d\s.,%()/:−–-]|to){1,24}")
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_PERSONAL = ("customer_id", "new_customer_id", "respondent_id", "rater_id")


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    name: str,
    decimals: int | Mapping[str, int] | None = None,
    note: str = "",
) -> Block:
    """Show a data frame as a table with a caption, row and column headers, and a CSV download.

    Parameters
    ----------
    frame : pandas.DataFrame
        What to show, its first column naming the row; an index with a name becomes the first column.
    caption : str
        What the table says.
    name : str
        Name of the downloaded file, without its ending.
    decimals : int, mapping of column to int, or None
        Digits after the point; by default whole numbers have none, and others enough to show three figures of the
        column's largest.
    note : str
        A sentence below the table, such as why some counts are not shown.

    Raises
    ------
    ReportError
        If the caption is empty, the columns have several levels, a column names people one by one, or there are
        more rows than a reader can use.
    """
    shown = frame.reset_index() if frame.index.name is not None else frame
    _check(shown, caption)
    if shown.empty:
        return prose(f"{caption.strip().rstrip('.')}: none.")
    html = _table_html(_columns(shown, decimals), caption, name, _csv(shown), note)
    return Block("table", html, "\n".join(filter(None, (caption, shown.to_string(index=False), note))))


def checks(found: Iterable[Check]) -> Block:
    """Show checks: what was tested, whether it passed (by word and shape), and the finding in a sentence."""
    rows = list(found)
    if not rows:
        return prose("No check belongs to this result.")
    told = [_outcome(c.passed) for c in rows]
    frame = pd.DataFrame(
        {
            "What was tested": [c.tested for c in rows],
            "Outcome": [word for _, word in told],
            "Finding": [c.sentence for c in rows],
        }
    )
    columns = _columns(frame, None)
    columns[1] = ("Outcome", False, [words_and_shape(form, word) for form, word in told])
    html = _table_html(columns, "Checks of the result", "checks", _csv(frame))
    text = "\n".join(f"{c.tested}: {word}. {c.sentence}" for c, (_, word) in zip(rows, told, strict=True))
    return Block("table", html, text)


Column = tuple[str, bool, list[str]]  # label, right-aligned, cells (Markup where already safe)


def _outcome(passed: bool | None) -> tuple[str, str]:
    if passed is None:
        return "untested", "not run"
    return ("leaning", "passed") if passed else ("against", "not passed")


def _check(frame: pd.DataFrame, caption: str) -> None:
    if not caption.strip():
        raise ReportError("A table has no caption. Say what it shows: table(frame, caption=…, name=…).")
    if frame.columns.nlevels > 1:
        raise ReportError(f"Table '{caption}': columns with several levels. Flatten them to one name each.")
    named = [c for c in _PERSONAL if c in frame.columns]
    if named:
        raise ReportError(f"Table '{caption}': column {named[0]} names people one by one. Show counts instead.")
    if len(frame) > MOST_ROWS:
        raise ReportError(
            f"Table '{caption}': {len(frame):,} rows, at most {MOST_ROWS:,} fit a page. Group them or draw a figure."
        )


def _columns(frame: pd.DataFrame, decimals: int | Mapping[str, int] | None) -> list[Column]:
    return [_column(str(label), frame.iloc[:, i], decimals) for i, label in enumerate(frame.columns)]


def _column(label: str, values: pd.Series, decimals: int | Mapping[str, int] | None) -> Column:
    cells = list(values)
    given = [v for v in cells if not _is_missing(v)]
    if given and all(_is_number(v) for v in given):
        asked = decimals.get(label) if isinstance(decimals, Mapping) else decimals
        places = _places([float(v) for v in given]) if asked is None else asked
        return label, True, [MISSING if _is_missing(v) else number(float(v), places) for v in cells]
    return label, _counted(cells), [_text(v) for v in cells]


def _counted(cells: list[object]) -> bool:
    """Tell whether a column holds numbers beside words for those that are not shown: it is set like numbers."""
    return any(_is_number(v) and not _is_missing(v) for v in cells) and all(_is_number(v) or v for v in cells)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _places(values: list[float]) -> int:
    finite = [v for v in values if math.isfinite(v)]
    if all(v.is_integer() for v in finite):
        return 0
    largest = max(abs(v) for v in finite)
    return min(6, max(0, 2 - math.floor(math.log10(largest))))


def _text(value: object) -> str:
    if _is_missing(value):
        return MISSING
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return number(float(value), 0) if _is_number(value) and float(value).is_integer() else str(value)  # type: ignore[arg-type]


def _table_html(columns: list[Column], caption: str, name: str, data: str, note: str = "") -> Markup:
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_setting(label, right), label) for label, right, _ in columns
    )
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell(i, column, row) for i, column in enumerate(columns)))
        for row in range(len(columns[0][2]))
    )
    told = Markup('<p class="table-note">{}</p>').format(note) if note else Markup("")
    return Markup(
        '<div class="table"><div class="table-box" role="region" aria-label="{}" tabindex="0">'
        '<table><caption><span class="told-by">{}</span></caption><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>{}"
        '<p class="download"><a download="{}.csv" href="data:text/csv;charset=utf-8;base64,{}">'
        'Download as CSV<span class="unseen">: {}</span></a></p></div>'
    ).format(caption, caption, head, body, told, _file_name(name), data, caption)


def _cell(position: int, column: Column, row: int) -> Markup:
    _, right, cells = column
    if position == 0:
        return Markup('<th scope="row"{}>{}</th>').format(_setting(cells[row], right), cells[row])
    return Markup("<td{}>{}</td>").format(_setting(cells[row], right), cells[row])


def _setting(text: str, right: bool) -> Markup:
    """Choose how a cell is set: numbers to the right, short figures on one line, endless words broken."""
    if right:
        return Markup(' class="number"')
    if _FIGURES.fullmatch(text):
        return Markup(' class="short"')
    return Markup(' class="long"') if any(len(word) > _LONG for word in text.split()) else Markup("")


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "table"


def _csv(frame: pd.DataFrame) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([_harmless(str(c)) for c in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow(["" if _is_missing(v) else v if _is_number(v) else _harmless(_text(v)) for v in row])
    return base64.b64encode(file.getvalue().encode("utf-8-sig")).decode()


def _harmless(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    runs = text.lstrip(" \N{ZERO WIDTH NO-BREAK SPACE}").startswith(_FORMULA_STARTS)
    return f"'{text}" if runs else text
