"""Text as people and programs spoil it: blanks around it, letters encoded twice, one word in several spellings."""

from __future__ import annotations

import re
from typing import Any

import ibis
import pandas as pd

from coroi.prepare.cleaning.rules import examples, fresh
from coroi.prepare.ledger import Ledger
from coroi.prepare.parsing import text

_AT_ONCE = 20
BLANKS, TWICE, SPELLINGS = "blanks around text", "text encoded twice", "spellings"
MOST_LEVELS = 200  # a column with more distinct texts is no group, so its spellings are not compared


def _twice_encoded() -> dict[str, str]:
    """Return what Latin letters and typographic signs become when UTF-8 is read as Windows-1252, longest first."""
    found = {}
    for code in [*range(0xA0, 0x180), *range(0x2010, 0x2040), 0x20AC, 0x2122]:
        try:
            found[chr(code).encode("utf-8").decode("cp1252")] = chr(code)
        except UnicodeDecodeError:
            continue
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


TWICE_ENCODED = _twice_encoded()
# a letter followed by half of another one, or three signs in a row: no language has them
_TELLING = "|".join(re.escape(seen) for seen, letter in TWICE_ENCODED.items() if letter.isalpha() or len(seen) > 2)


def note_blanks(connection: Any, raw: Any, columns: dict[str, str], name: str, ledger: Ledger) -> None:
    """Count the cells of text columns that have blanks around their text.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    raw : ibis.Table
        The file as it stands.
    columns : dict of str to str
        Our column to the file's.
    name : str
        The table's name in the ledger.
    ledger : Ledger
        Takes the counts.
    """
    written = {ours: raw[theirs] for ours, theirs in columns.items() if raw[theirs].type().is_string()}
    if not written:
        return
    padded = {ours: (cell != text(cell)) & text(cell).notnull() for ours, cell in written.items()}
    sums = connection.to_pandas(raw.agg(**{c: hit.fill_null(False).cast("int64").sum() for c, hit in padded.items()}))
    for ours, n in sums.iloc[0].fillna(0).items():
        if n:
            seen = examples(connection, raw.filter(padded[str(ours)]), ledger.n_examples, columns[str(ours)])
            said = f"{ours} had blanks around it; they were cut"
            ledger.add(name, "repaired", int(n), said, rule=BLANKS, column=str(ours), examples=seen)


def decode_twice_encoded(connection: Any, table: Any, columns: list[str], name: str, ledger: Ledger) -> Any:
    """Decode text in which UTF-8 was read as Windows-1252, such as "CafÃ©"; other text stays as it is.

    Returns
    -------
    ibis.Table
    """
    hits = {c: table[c].re_search(_TELLING) for c in columns}
    if not hits:
        return table
    sums = connection.to_pandas(table.agg(**{c: hit.fill_null(False).cast("int64").sum() for c, hit in hits.items()}))
    for column, n in sums.iloc[0].fillna(0).items():
        if n:
            seen = examples(connection, table.filter(hits[str(column)]), ledger.n_examples, str(column))
            said = f"letters of {column} were encoded twice; decoded once"
            ledger.add(name, "repaired", int(n), said, rule=TWICE, column=str(column), examples=seen)
            table = _decoded(connection, table, str(column), hits[str(column)])
    return table


def note_spellings(connection: Any, table: Any, columns: list[str], name: str, ledger: Ledger) -> None:
    """Flag groups whose names differ only in case, accents or signs; nothing is changed.

    Parameters
    ----------
    connection : Session
        Where the table lives.
    table : ibis.Table
        The clean table.
    columns : list of str
        Its columns that hold groups.
    name : str
        The table's name in the ledger.
    ledger : Ledger
        Takes the counts.
    """
    for column in columns:
        counted = table.filter(table[column].notnull()).group_by(column).agg(n=ibis._.count())
        levels = connection.to_pandas(counted.limit(MOST_LEVELS + 1))
        alike = variants(levels[column]) if len(levels) <= MOST_LEVELS else pd.Series(dtype=bool)
        if alike.any():
            rows = table.filter(table[column].isin(levels.loc[alike, column].tolist()))
            seen = examples(connection, rows, ledger.n_examples, column) if "_row" in table.columns else None
            said = f"{int(alike.sum())} names in {column} differ only in case, accents or signs; all are kept"
            n = int(levels.loc[alike, "n"].sum())
            ledger.add(name, "flagged", n, said, rule=SPELLINGS, column=column, examples=seen)


def _decoded(connection: Any, table: Any, column: str, hit: Any) -> Any:
    """Replace the spoiled letters that occur, longest first; few at a time, since each nests in the last."""
    found = table.filter(hit)
    tried = list(TWICE_ENCODED)
    asked = {f"_{i}": found[column].contains(spoiled).any() for i, spoiled in enumerate(tried)}
    seen = connection.to_pandas(found.agg(**asked)).iloc[0]
    occurring = [spoiled for i, spoiled in enumerate(tried) if seen[f"_{i}"]]
    for at in range(0, len(occurring), _AT_ONCE):
        text_then = table[column]
        for spoiled in occurring[at : at + _AT_ONCE]:
            text_then = text_then.replace(spoiled, TWICE_ENCODED[spoiled])
        touched = table[column].re_search(_TELLING) if at == 0 else ibis.literal(True)
        table = fresh(connection, table.mutate(**{column: touched.ifelse(text_then, table[column])}))
    return table


def variants(names: pd.Series) -> pd.Series:
    """Tell which names are another one's spelling: equal but for case, accents, blanks and signs.

    Parameters
    ----------
    names : pandas.Series
        Distinct names.
    """
    plain = names.astype(str).str.normalize("NFKD").str.replace(r"[^\w]|_|[\u0300-\u036f]", "", regex=True)
    plain = plain.str.casefold()
    return plain.duplicated(keep=False) & (plain != "")
