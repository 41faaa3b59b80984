"""Amounts in a currency that is not the plan's: refused, since numbers of two currencies cannot be added."""

from __future__ import annotations

from typing import Any

import pandas as pd

from coroi.errors import DataError, Problem
from coroi.prepare.cleaning.rules import examples
from coroi.prepare.ledger import Ledger
from coroi.schemas import TableSchema

MARK = r"(€|\$|£|¥|[A-Z][A-Z][A-Z])"
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BRL", "JMD", "TTD")
_POUNDS = ("GBP", "EGP", "FKP", "GIP", "LBP", "SHP", "SSP", "SDG", "SYP")
_SHARED = {"€": ("EUR",), "$": _DOLLARS, "£": _POUNDS, "¥": ("JPY", "CNY")}  # currencies written with a sign
_NAMES = ("currency", "currency_code", "currencycode", "currency_iso", "iso_currency")
_CONVERT = "Convert the amounts before the export, or keep the plan's currency alone by `where`."
_MOST_SHOWN = 5


def is_money(schema: TableSchema, column: str) -> bool:
    """Tell whether a column holds amounts of money."""
    return column in schema.names and schema.column(column).unit.startswith("currency")


def refuse_other_marks(
    connection: Any, table: Any, column: str, mark: Any, shown: str, name: str, ledger: Ledger
) -> None:
    """Refuse a column in which an amount is written with the sign or code of another currency than the plan's.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        Mapped table.
    column, name : str
        The column of money, and the table's name.
    mark : ibis expression of str
        Sign or code that each cell is written with; empty or null for none.
    shown : str
        Column with the cells' text.
    ledger : Ledger
        Its currency is the plan's; without one nothing is refused.

    Raises
    ------
    DataError
        If there is such an amount; a sign that several currencies share, such as $, is taken for the plan's own where
        that is one of them.
    """
    own = ledger.currency
    if not own:
        return
    strange = table.filter((mark != "") & ~mark.isin([own, *(s for s, codes in _SHARED.items() if own in codes)]))
    strange = strange.mutate(_mark=mark)
    counts = connection.to_pandas(strange.group_by("_mark").agg(n=strange.count()).order_by("_mark"))
    if len(counts):
        rows = ", ".join(map(str, examples(connection, strange, 3, shown).rows))
        n = int(counts["n"].sum())
        what = f"{_amounts(n)} written in {_listed(counts['_mark'])} (rows {rows} …), but the plan's currency is {own}."
        raise DataError(Problem(f"{name}.{column}", what, _CONVERT))


def refuse_other_codes(connection: Any, raw: Any, schema: TableSchema, name: str, ledger: Ledger) -> None:
    """Refuse a file with a column of currencies in which a row of money has another code than the plan's.

    Parameters
    ----------
    connection : Session
        Where the file lives.
    raw : ibis.Table
        The file's rows that the plan's filters keep.
    schema : TableSchema
        The table that it is to become; one without money is not looked at.
    name : str
        The table's name.
    ledger : Ledger
        Its currency is the plan's; without one nothing is refused.

    Raises
    ------
    DataError
        If there is such a row; what is no code of three letters is not taken for a currency.
    """
    own = ledger.currency
    if not own or not any(c.unit.startswith("currency") for c in schema.columns):
        return
    for column in (c for c in raw.columns if c.casefold() in _NAMES):
        code = raw[column].cast("string").strip().upper()
        strange = raw.mutate(_mark=code).filter(code.re_search("^[A-Z][A-Z][A-Z]$") & (code != own))
        counts = connection.to_pandas(strange.group_by("_mark").agg(n=strange.count()).order_by("_mark"))
        if len(counts):
            rows = ", ".join(map(str, examples(connection, strange, 3).rows))
            n = int(counts["n"].sum())
            what = f"{_amounts(n)} in {_listed(counts['_mark'])} by the file's column '{column}' (rows {rows} …), "
            what += f"but the plan's currency is {own}."
            fix = f"{_CONVERT} If they are converted already, leave that column out of the export."
            raise DataError(Problem(name, what, fix))


def _amounts(n: int) -> str:
    return "1 amount is" if n == 1 else f"{n:,} amounts are"


def _listed(marks: pd.Series) -> str:
    words = [str(m) for m in marks[:_MOST_SHOWN]]
    return ", ".join(words) + (" …" if len(marks) > _MOST_SHOWN else "")
