"""Numbers written as text: currency signs, separators of thousands, decimal commas, minus signs in odd places."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.prepare.cleaning.currencies import MARK as _MARK
from coroi.prepare.cleaning.currencies import refuse_other_marks
from coroi.prepare.cleaning.reread import settle
from coroi.prepare.ledger import Ledger
from coroi.prepare.mapping import DOTTED, UNREAD
from coroi.prepare.parsing import LONGEST_NUMBER, NUMBER

RULE = "numbers as text"
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_GAP = "[ '\u00a0\u2009\u202f]"  # blanks, thin and no-break ones too, and the Swiss apostrophe
_STYLES = {
    "plain": NUMBER,
    "comma": r"^[+-]?\d+,(?:\d{1,2}|\d{4,})$",  # 12,5: no thousands end in one, two or four digits
    "points": rf"^[+-]?\d{{1,3}}(?:(?:\.\d{{3}})+|(?:{_GAP}\d{{3}})+),\d+$|^[+-]?[1-9]\d{{0,2}}(?:\.\d{{3}}){{2,}}$",
    "commas": r"^[+-]?\d{1,3}(?:,\d{3})+\.\d+$|^[+-]?\d{1,3}(?:,\d{3}){2,}$",
    "gaps": rf"^[+-]?\d{{1,3}}(?:{_GAP}\d{{3}})+(?:\.\d+)?$",
    "either": r"^[+-]?\d{1,3},\d{3}$",  # 1,234: thousands here, a decimal comma there
    "dotted": DOTTED,
}


def reread_numbers(
    connection: Any, table: Any, column: str, name: str, ledger: Ledger, *, repair: bool, money: bool = False
) -> Any:
    """Read numbers in the styles of spreadsheets and ledgers where the style leaves no doubt.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Mapped table.
    column, name : str
        The column, and the table's name in the ledger.
    ledger : Ledger
        Takes the count.
    repair : bool
        Read other styles; otherwise only points are settled as decimal points.
    money : bool
        The column holds amounts, so that each has to be in the plan's currency.

    Returns
    -------
    ibis.Table

    Raises
    ------
    DataError
        If an amount is written in another currency than the plan's.

    Notes
    -----
    Certain are: the sign or code of one currency, the same in all cells that have one; decimal commas with other than
    three digits behind them; two kinds of separators in one number; a separator that occurs twice. What could be either
    (1,234 or 1.234) is read as the certain cells of the column are written, and if these disagree it stays unread; a
    point alone is a decimal point where no cell has a decimal comma.
    """
    raw = table[UNREAD + column]
    lead, tail = raw.re_extract(rf"^[+-]?\s*{_MARK}", 1), raw.re_extract(rf"{_MARK}\s*$", 1)
    mark = ibis.ifelse(lead != "", lead, tail)
    if money and repair:
        refuse_other_marks(connection, table, column, mark, UNREAD + column, name, ledger)
    for sign, code in _SIGNS.items():
        mark = mark.replace(sign, code)
    core = _without_marks(raw)
    is_a = {style: core.re_search(pattern) for style, pattern in _STYLES.items()}
    asked = {s: is_a[s].fill_null(False).cast("int64").sum() for s in ("comma", "points", "commas", "dotted")}
    seen = connection.to_pandas(table.agg(marks=mark.nullif("").nunique(), **asked)).iloc[0].fillna(0)
    commas, points = seen["comma"] + seen["points"] > 0, seen["commas"] > 0
    if seen["dotted"] and not (repair and commas):
        read = table[column].notnull() & raw.re_search(DOTTED)
        table = settle(connection, table, column, read, table[column], rule="", sentence="", name=name, ledger=ledger)
    if not repair:
        return table
    raw = table[UNREAD + column]
    core = _without_marks(raw)
    is_a = {style: core.re_search(pattern) for style, pattern in _STYLES.items()}
    no = ibis.literal(False)
    continental = is_a["comma"] | is_a["points"] | (is_a["either"] if commas and not points else no)
    continental = continental | (is_a["dotted"] if commas and not points else no)
    english = is_a["commas"] | is_a["gaps"] | (is_a["either"] if points and not commas else no)
    english = english | (is_a["plain"] & ~is_a["dotted"])
    packed = core.re_replace(_GAP, "")
    as_text = ibis.cases(
        (continental, packed.replace(".", "").replace(",", ".")),
        (english, packed.replace(",", "")),
        else_=ibis.null("string"),
    )
    is_number = as_text.re_search(NUMBER) & (as_text.length() <= LONGEST_NUMBER)
    value = ibis.cases((is_number, as_text.cast("float64")))
    hit = raw.notnull() & value.notnull()
    if seen["marks"] > 1:
        hit = hit & ~raw.re_search(_MARK)
    return settle(
        connection,
        table,
        column,
        hit.fill_null(False),
        value,
        rule=RULE,
        sentence=f"{column} was written with a currency, separators or a decimal comma; read as the number that it is",
        name=name,
        ledger=ledger,
    )


def _without_marks(raw: Any) -> Any:
    """Cut currencies and blanks off the ends; write (12.30) and 12.30- as -12.30."""
    bare = raw.re_replace(rf"^([+-]?)\s*{_MARK}\s*", r"\1").re_replace(rf"\s*{_MARK}\s*$", "")
    bare = bare.re_replace(r"^\(([^()-]+)\)$", r"-\1").re_replace(r"^([^+-].*)-$", r"-\1")
    bare = bare.re_replace(rf"^([+-]?)\s*{_MARK}\s*", r"\1").re_replace(rf"\s*{_MARK}\s*$", "")
    return bare.strip()
