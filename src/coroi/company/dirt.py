"""Dirt as real exports have it, put into clean tables at known rates, every cell of it recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coroi.company.clock import stream

Tables = dict[str, pd.DataFrame]
Change = Callable[[Mapping[str, str], str, float], str]
"""What becomes of a cell: of its row, its column, and a chance from 0 to 1."""

KINDS = {
    1: "dates: day and month swapped, or in another style",
    2: "missing codes inside the scale",
    3: "another scale than the question's",
    4: "identity: blank ids, zero padding lost",
    5: "lines repeated, amounts of zero",
    6: "numbers as text: currency signs, decimal commas, words",
    7: "blanks around text, verbatims with delimiters and line breaks, double encoding",
    8: "impossible order of events",
    9: "scores missing, low ones more often",
    10: "a column that knows the outcome",
}
REPEATED_SHARE = 0.01
REPEATED_TABLES = ("responses", "transactions")
LEAK = ("customers", "retention_status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way of spoiling one column.

    Parameters
    ----------
    kind : int
        A key of ``KINDS``.
    table, column : str
        What is spoiled.
    rate : float
        Part of the cells tried; where the change leaves a cell as it is, nothing is injected.
    change : callable
        Gives the new text.
    """

    kind: int
    table: str
    column: str
    rate: float
    change: Change


def _swapped(row: Mapping[str, str], column: str, chance: float) -> str:
    year, month, day = row[column].split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 else row[column]


def _other_style(row: Mapping[str, str], column: str, chance: float) -> str:
    year, month, day = row[column].split("-")
    return (f"{day}.{month}.{year}", f"{year}{month}{day}", f"{day}/{month}/{year[2:]}")[int(chance * 3)]


def _missing_code(row: Mapping[str, str], column: str, chance: float) -> str:
    return ("99", "-99", "-999", "Not given", "NM", " ")[int(chance * 6)]


def _doubled(row: Mapping[str, str], column: str, chance: float) -> str:
    return str(2 * int(row[column])) if row["metric"] == "csat" else row[column]


def _unpadded(row: Mapping[str, str], column: str, chance: float) -> str:
    return row[column][:1] + row[column][1:].lstrip("0")


def _blank(row: Mapping[str, str], column: str, chance: float) -> str:
    return ""


def _zero(row: Mapping[str, str], column: str, chance: float) -> str:
    return "0.00"


def _number_as_text(row: Mapping[str, str], column: str, chance: float) -> str:
    value = row[column]
    return (f"€ {value}", value.replace(".", ","), f"{value} EUR", "Unknown")[int(chance * 4)]


def _padded(row: Mapping[str, str], column: str, chance: float) -> str:
    return (f" {row[column]}", f"{row[column]}  ", f"{row[column]}\u00a0")[int(chance * 3)]


def _messy_words(row: Mapping[str, str], column: str, chance: float) -> str:
    value = row[column]
    spoiled = (f'{value}\n"Really; truly, yes."', f"{value} CafÃ©", f"{value};;,")
    return spoiled[int(chance * 3)] if value else value


def _before_start(row: Mapping[str, str], column: str, chance: float) -> str:
    first = row["asked_at" if column == "answered_at" else "start_at"]
    return str(np.datetime64(first) - np.timedelta64(1 + int(chance * 20), "D")) if row[column] else ""


def _blank_if_low(row: Mapping[str, str], column: str, chance: float) -> str:
    low = row["metric"] == "nps" and float(row[column]) <= 6
    return "" if low or chance < 0.2 else row[column]


RULES = (
    Rule(kind=1, table="transactions", column="occurred_at", rate=0.02, change=_swapped),
    Rule(kind=1, table="responses", column="asked_at", rate=0.01, change=_other_style),
    Rule(kind=2, table="responses", column="score", rate=0.015, change=_missing_code),
    Rule(kind=3, table="responses", column="score", rate=0.05, change=_doubled),
    Rule(kind=4, table="touchpoints", column="customer_id", rate=0.02, change=_unpadded),
    Rule(kind=4, table="transactions", column="customer_id", rate=0.01, change=_blank),
    Rule(kind=5, table="transactions", column="amount", rate=0.005, change=_zero),
    Rule(kind=6, table="transactions", column="amount", rate=0.02, change=_number_as_text),
    Rule(kind=7, table="customers", column="segment", rate=0.02, change=_padded),
    Rule(kind=7, table="responses", column="verbatim", rate=0.2, change=_messy_words),
    Rule(kind=8, table="responses", column="answered_at", rate=0.01, change=_before_start),
    Rule(kind=8, table="subscriptions", column="end_at", rate=0.01, change=_before_start),
    Rule(kind=9, table="responses", column="score", rate=0.1, change=_blank_if_low),
)


class Soiler:
    """Spoil a company's tables piece by piece, and remember every cell.

    Parameters
    ----------
    seed : int
        The company's seed.
    decimals : mapping of str to int
        Decimals of the tables that have other than two.

    Notes
    -----
    Every cell becomes text. No cell is spoiled twice, rows keep their order, and a repeated line stands at the end
    of its piece, so that each row of the dirty table can be traced to one of the clean table.
    """

    def __init__(self, seed: int, decimals: Mapping[str, int]) -> None:
        self._seed, self._decimals = seed, decimals
        self._clean: Counter[str] = Counter()
        self._dirty: Counter[str] = Counter()
        self._cells: list[dict[str, object]] = []

    def soil(self, piece: Tables, block: int) -> Tables:
        """Return the piece with dirt in it."""
        clean = {name: as_text(table, self._decimals.get(name, 2)) for name, table in piece.items()}
        texts = {name: table.copy() for name, table in clean.items()}
        spoiled: dict[tuple[str, str], set[int]] = {}
        for number, rule in enumerate(RULES):
            if rule.table in texts:
                chances = stream(self._seed, f"dirt {number}", block)
                taken = spoiled.setdefault((rule.table, rule.column), set())
                self._spoil(texts[rule.table], clean[rule.table], rule, chances, taken)
        for name in REPEATED_TABLES:
            if name in texts:
                texts[name] = self._repeat(texts[name], name, stream(self._seed, f"repeat {name}", block))
        if LEAK[0] in texts:
            contracts = clean["subscriptions"]
            ended = contracts.loc[contracts["end_at"] != "", "customer_id"]
            texts[LEAK[0]][LEAK[1]] = np.where(clean[LEAK[0]]["customer_id"].isin(ended), "lost", "active")
        self._clean.update({name: len(table) for name, table in piece.items()})
        self._dirty.update({name: len(table) for name, table in texts.items()})
        return texts

    def record(self) -> dict[str, object]:
        """Return what was injected: kinds, rates, and every cell with what it was and what it became."""
        rates = [
            {
                "kind": rule.kind,
                "table": rule.table,
                "column": rule.column,
                "rate": rule.rate,
                "how": rule.change.__name__.strip("_"),
            }
            for rule in RULES
        ]
        rates += [
            {"kind": 5, "table": name, "column": "*", "rate": REPEATED_SHARE, "how": "repeated"}
            for name in REPEATED_TABLES
        ]
        leak = {"kind": 10, "table": LEAK[0], "column": LEAK[1], "row": "all", "clean_row": "all"}
        leak |= {"before": None, "after": "lost where a contract of the customer ended, else active"}
        rows = "`row` counts the data rows of the dirty file from 1, `clean_row` those of the clean one"
        return {"kinds": KINDS, "rates": rates, "rows": rows, "cells": [*self._cells, leak]}

    def _spoil(
        self, table: pd.DataFrame, clean: pd.DataFrame, rule: Rule, chances: np.random.Generator, taken: set[int]
    ) -> None:
        tried, chance = chances.random((2, len(table)))
        rows = [i for i in np.flatnonzero(tried < rule.rate).tolist() if i not in taken]
        values = table[rule.column].to_numpy(dtype=object).copy()
        for row, cells in zip(rows, clean.iloc[rows].to_dict("records"), strict=True):
            before = cells[rule.column]
            after = rule.change(cells, rule.column, float(chance[row])) if before else before
            if after != before:
                values[row] = after
                taken.add(row)
                self._note(rule.kind, rule.table, rule.column, row, row, before, after)
        table[rule.column] = values

    def _repeat(self, table: pd.DataFrame, name: str, chances: np.random.Generator) -> pd.DataFrame:
        again = np.flatnonzero(chances.random(len(table)) < REPEATED_SHARE)
        for added, row in enumerate(again.tolist()):
            self._note(
                5, name, "*", len(table) + added, row, None, f"the line of row {self._dirty[name] + row + 1} again"
            )
        return pd.concat([table, table.iloc[again]], ignore_index=True)

    def _note(
        self, kind: int, table: str, column: str, row: int, clean_row: int, before: str | None, after: str
    ) -> None:
        place = {"row": self._dirty[table] + row + 1, "clean_row": self._clean[table] + clean_row + 1}
        self._cells.append(
            {"kind": kind, "table": table, "column": column} | place | {"before": before, "after": after}
        )


def as_text(table: pd.DataFrame, decimals: int = 2) -> pd.DataFrame:
    """Return a table with every cell as the text that a file of it would hold."""
    return pd.DataFrame({name: _column_text(table[name], decimals) for name in table}, dtype=object)


def _column_text(column: pd.Series, decimals: int) -> pd.Series:
    if column.dtype.kind == "M":
        return column.dt.strftime("%Y-%m-%d").astype(object).fillna("")
    if column.dtype.kind == "f":
        return column.map(lambda value: "" if np.isnan(value) else f"{value:.{decimals}f}").astype(object)
    return column.astype(str).astype(object)
