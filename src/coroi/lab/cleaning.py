"""How well the cleaning does on companies whose dirt is known, cell by cell."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from coroi import storage
from coroi.company import simulate_company, write_tables
from coroi.company.dirt import KINDS
from coroi.lab.replicate import run_parallel
from coroi.lab.store import replace_text
from coroi.prepare import Prepared, prepare_company
from coroi.prepare.cleaning.advice import DOUBTS
from coroi.prepare.cleaning.texts import TWICE_ENCODED
from coroi.schemas import TABLES
from coroi.studies.inputs import options_of
from coroi.studies.manifest import to_json
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of

CUSTOMERS, MONTHS = 400, 24
OUTCOMES = ("injected", "repaired", "flagged", "missed", "wrongly touched")
TOUCHING = ("repaired", "dropped", "set to missing")
CLEAN_CELLS = "cells without dirt, in dirty companies"
CLEAN_COMPANIES = "lines that change or doubt anything, in clean companies"
_ALL_ROWS = 1_000_000_000

Score = dict[int, Counter[str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cleaned:
    """A cleaned company beside what it is compared by.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Clean tables.
    ledger : pandas.DataFrame
        With every row of every line.
    dirt : list of dict
        The cells that were spoiled; empty for a clean company.
    """

    tables: dict[str, pd.DataFrame]
    ledger: pd.DataFrame
    dirt: list[dict[str, Any]]

    def noted(self, table: str, column: str) -> set[int]:
        """Return the numbers of the rows that the ledger speaks of for a column."""
        lines = self.ledger[(self.ledger["table"] == table) & (self.ledger["column"] == column)]
        lines = lines[lines["step"] != "repaired"]  # a wrong repair is a miss
        return {int(row) for rows in lines["examples"] if rows for row in str(rows).split(", ")}


def score_cleaning(seed: int, *, customers: int = CUSTOMERS, months: int = MONTHS) -> tuple[Score, int]:
    """Clean a company with and without dirt, and hold the two against each other.

    Parameters
    ----------
    seed : int
        Of the company.
    customers, months : int
        Its size.

    Returns
    -------
    score : dict of int to Counter
        By kind of dirt, how many cells were ``injected``; of them ``repaired`` (the cell, or the row, is as in the
        clean company), ``flagged`` (left out, emptied, or named in the ledger) and ``missed``; under kind 0, how many
        cells without dirt were ``wrongly touched``.
    touched : int
        Lines of the clean company's ledger that change or doubt anything.
    """
    clean = clean_company(seed, customers, months, dirty=False)
    dirty = clean_company(seed, customers, months, dirty=True)
    order = simulate_company(customers=customers, months=months, seed=seed).tables
    score: Score = {kind: Counter() for kind in (0, *KINDS)}
    for cell in dirty.dirt:
        score[cell["kind"]].update(("injected", _outcome(cell, clean, dirty, order)))
    score[0]["wrongly touched"] = sum(_wrongly_touched(name, clean, dirty, order) for name in clean.tables)
    lines = clean.ledger
    return score, int((lines["step"].isin(TOUCHING) | lines["rule"].isin(DOUBTS)).sum())


def score_many(
    seeds: Sequence[int], *, jobs: int = 1, progress: Callable[[str], None] = lambda _: None
) -> pd.DataFrame:
    """Sum the scores of many companies.

    Parameters
    ----------
    seeds : sequence of int
        One a company.
    jobs : int
        Processes; the scores do not depend on them.
    progress : callable
        Told how many are done.

    Returns
    -------
    pandas.DataFrame
        ``kind, what`` and the outcomes, one row a kind of dirt; below, the cells without dirt in dirty companies and
        the lines about clean companies.
    """
    from joblib import delayed

    total: Score = {kind: Counter() for kind in (0, *KINDS)}
    clean_lines = 0
    for done, (score, lines) in enumerate(run_parallel([delayed(score_cleaning)(s) for s in seeds], jobs), 1):
        for kind, counts in score.items():
            total[kind].update(counts)
        clean_lines += lines
        progress(f"cleaned {done:,} of {len(seeds):,} companies")
    rows = [{"kind": str(k), "what": KINDS[k]} | {o: total[k][o] for o in OUTCOMES[:-1]} for k in KINDS]
    touched = {CLEAN_CELLS: total[0][OUTCOMES[-1]], CLEAN_COMPANIES: clean_lines}
    rows += [{"kind": "–", "what": what, OUTCOMES[-1]: n} for what, n in touched.items()]
    return pd.DataFrame(rows).fillna(0).astype(dict.fromkeys(OUTCOMES, int))


def cleaning_words(table: pd.DataFrame, seeds: Sequence[int]) -> str:
    """Write the scores as Markdown.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`score_many`.
    seeds : sequence of int
        The companies' seeds, without a gap.
    """
    lines = [f"| {' | '.join(['kind', 'dirt', *OUTCOMES])} |", f"|{'---|' * (2 + len(OUTCOMES))}"]
    for row in table.to_dict("records"):
        counts = [f"{row[o]:,}" if row["kind"] != "–" or o == OUTCOMES[-1] else "" for o in OUTCOMES]
        counts = [
            c if not (o == OUTCOMES[-1] and row["kind"] != "–") else "" for o, c in zip(OUTCOMES, counts, strict=True)
        ]
        lines.append(f"| {' | '.join([row['kind'], row['what'], *counts])} |")
    return (
        _HEAD.format(n=len(seeds), first=seeds[0], last=seeds[-1], customers=CUSTOMERS, months=MONTHS)
        + "\n".join(lines)
        + "\n"
    )


def write_scores(
    companies: int, output: Path, *, jobs: int | None = None, progress: Callable[[str], None] = lambda _: None
) -> tuple[pd.DataFrame, list[Path]]:
    """Score the cleaning on companies of the seeds from 1, and write the scores as JSON and as Markdown.

    Parameters
    ----------
    companies : int
        How many.
    output : pathlib.Path
        Folder for ``cleaning.json`` and ``cleaning.md``; made if it is not there.
    jobs : int, optional
        Processes; one for each core by default.
    progress : callable
        Told how many are done.

    Returns
    -------
    table : pandas.DataFrame
        From :func:`score_many`.
    written : list of Path
    """
    seeds = range(1, companies + 1)
    table = score_many(seeds, jobs=jobs or os.cpu_count() or 1, progress=progress)
    output.mkdir(parents=True, exist_ok=True)
    numbers, words = output / "cleaning.json", output / "cleaning.md"
    replace_text(numbers, to_json({"companies": companies, "rows": table.to_dict("records")}))
    replace_text(words, cleaning_words(table, seeds))
    return table, [numbers, words]


_HEAD = """# What the cleaning finds

{n} companies of {customers} customers and {months} months, seeds {first} to {last}, each cleaned twice: as it was
simulated, and with the dirt of real exports put in, of which every cell is known. Written by
`coroi lab --cleaning {n}`.

- **repaired**: after cleaning, the cell is as it is in the clean company; a line that stood twice stands once.
- **flagged**: the row was left out, the cell emptied, or the ledger names the row for this column.
- **missed**: none of these.
- **wrongly touched**: cells without dirt that cleaning changed or left out; and lines about clean companies.

"""


def clean_company(seed: int, customers: int, months: int, *, dirty: bool) -> Cleaned:
    """Simulate a company, write it, and clean it as a plan does."""
    company = simulate_company(customers=customers, months=months, seed=seed)
    with TemporaryDirectory(prefix="coroi-cleaning-") as place:
        folder = Path(place)
        write_tables(company, folder, name="cleaning", dirty=dirty)
        loaded = read_plan(folder / "plan.yaml", known_studies={name: notebook_of(name) for name in STUDIES})
        prepared = prepare_company(
            storage.connect(), loaded.plan.tables, {}, options_of(loaded.plan), base=folder, n_examples=_ALL_ROWS
        )
        dirt = json.loads((folder / "dirt.json").read_text(encoding="utf-8"))["cells"] if dirty else []
        cleaned = Cleaned(tables=dict(_frames(prepared)), ledger=prepared.ledger, dirt=dirt)
        prepared.connection.disconnect()
    return cleaned


def _frames(prepared: Prepared) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, table in prepared.tables.items():
        yield name, prepared.connection.to_pandas(table)


def _key(table: str) -> str:
    """Return the column that names a row of a table; empty where several do."""
    schema = TABLES[table]
    return schema.row_id or (schema.key[0] if len(schema.key) == 1 else "")


def _outcome(cell: Mapping[str, Any], clean: Cleaned, dirty: Cleaned, order: Mapping[str, pd.DataFrame]) -> str:
    table, column = cell["table"], cell["column"]
    if cell["row"] == "all":
        return "flagged" if dirty.ledger["column"].eq(column).any() else "missed"
    key = _key(table)
    name = order[table][key].iloc[cell["clean_row"] - 1]
    rows = dirty.tables[table][dirty.tables[table][key] == name]
    if rows.empty:
        return "flagged"
    if column == "*":
        return "repaired" if len(rows) == 1 else "missed"
    right = _read_right(cell) if column == "verbatim" else _cell(clean.tables[table], key, name, column)
    if _same(rows[column].iloc[0], right):
        return "repaired"
    return "flagged" if cell["row"] in dirty.noted(table, column) else "missed"


def _read_right(cell: Mapping[str, Any]) -> str:
    """Return what a spoiled comment says: delimiters and lines belong to it, letters encoded twice do not."""
    text = str(cell["after"])
    for spoiled, letter in TWICE_ENCODED.items():
        text = text.replace(spoiled, letter)
    return text.strip()


def _cell(frame: pd.DataFrame, key: str, name: str, column: str) -> Any:
    found = frame.loc[frame[key] == name, column]
    return found.iloc[0] if len(found) else None


def _same(one: Any, other: Any) -> bool:
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    return bool(one == other)


def _wrongly_touched(table: str, clean: Cleaned, dirty: Cleaned, order: Mapping[str, pd.DataFrame]) -> int:
    """Count cells without dirt that differ, and rows without dirt that are gone."""
    key, before, after = _key(table), clean.tables[table], dirty.tables[table]
    if not key:
        columns = list(before.columns)
        both = before.merge(after, on=columns, how="outer", indicator=True)
        return int((both["_merge"] != "both").sum())
    spoiled: dict[str, set[str]] = {}
    for cell in dirty.dirt:
        if cell["table"] == table and cell["row"] != "all":
            spoiled.setdefault(str(order[table][key].iloc[cell["clean_row"] - 1]), set()).add(cell["column"])
    gone = set(before[key]) - set(after[key]) - set(spoiled)
    pairs = before.merge(after.drop_duplicates(key), on=key, suffixes=("", "_after"))
    wrong = len(gone)
    for column in (c for c in before.columns if c != key):
        one, other = pairs[column], pairs[f"{column}_after"]
        differs = ~((one == other) | (one.isna() & other.isna())).fillna(False)
        wrong += sum(column not in spoiled.get(str(name), ()) for name in pairs.loc[differs, key])
    return wrong
