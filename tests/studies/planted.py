"""A company whose every table names its customers: by codes, addresses, telephone numbers and names."""

from __future__ import annotations

import base64
import gzip
import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import yaml

from coroi.studies.bundled import sample_folder

SHORTEST = 3  # letters by which the places are found where a planted word may begin
SURNAMES = ("Quillfeather", "Zebedeeson", "Müllerstein", "Østergaardius", "Nakamurovic", "Πλαντίδης")
TEXTS = {
    "responses": ("touchpoint", "verbatim"),
    "subscriptions": ("exit_reason",),
    "touchpoints": ("channel", "department"),
    "programme": ("practice",),
    "costs": ("practice",),
    "competitors": ("brand",),
    "practices": ("item",),
}


def name_of(number: int) -> str:
    """Return an identifier of one of six kinds: a code, an address, a telephone, a name, digits, a code with blanks."""
    surname = SURNAMES[number % len(SURNAMES)]
    kinds = (
        f"KD-{number:06d}-X",
        f"kunde{number:05d}@planted.example",
        f"+49 171 55{number:06d}",
        f"Anna {surname} {number:05d}",
        f"70012{number:06d}",
        f"Kd {number:05d} {surname}",
    )
    return kinds[number % len(kinds)]


def plant(folder: Path, customers: int | None = None) -> set[str]:
    """Write the sample company with identifiers planted; return every word that must not come out anywhere.

    Of the first so many customers alone where a number is given.
    """
    folder.mkdir(parents=True)
    for path in sample_folder().glob("*"):
        shutil.copyfile(path, folder / path.name)
    planted: set[str] = set()
    for path in sorted(folder.glob("*.csv")):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        if customers is not None and "customer_id" in frame:
            number = frame["customer_id"].str.replace(r"\D", "", regex=True)
            frame = frame[pd.to_numeric(number).fillna(0) <= customers].reset_index(drop=True)
        for column in ("customer_id", "new_customer_id", "rater_id"):
            if column in frame:
                frame[column] = [name_of(int(re.sub(r"\D", "", v) or 0)) if v else "" for v in frame[column]]
                planted |= set(frame[column]) - {""}
        for column in TEXTS.get(path.stem, ()):
            _plant_text(frame, column, planted)
        if path.stem == "customers":
            _plant_groups(frame, planted)
        frame.to_csv(path, index=False)
    return planted | set(SURNAMES)


def _plant_text(frame: pd.DataFrame, column: str, planted: set[str]) -> None:
    """Put an address, a telephone number and a name into every seventh cell of a text column."""
    for row in range(0, len(frame), 7):
        email, phone = f"text{row}.{column}@planted.example", f"0171 77{row:06d}"
        was = frame.loc[row, column] if column == "verbatim" else ""
        frame.loc[row, column] = f"{was} I am Anna {SURNAMES[row % 6]}, {email}, {phone}".strip()
        planted |= {email, phone, f"77{row:06d}"}


def _plant_groups(frame: pd.DataFrame, planted: set[str]) -> None:
    """Name a segment of many after an address, one of many after a customer, one of three, and a unit."""
    names = ("segment.large@planted.example", frame.loc[0, "customer_id"], "segment of Zebedeeson, 0171 88123456")
    frame.loc[frame.index % 3 == 0, "segment"] = names[0]
    frame.loc[frame.index % 3 == 1, "segment"] = names[1]
    frame.loc[frame.index[5:8], "segment"] = names[2]
    planted |= {*names, "88123456"}


def add_notebook(folder: Path, name: str, *cells: str) -> None:
    """Add a study of the analyst's own to the plan."""
    sources = ['import coroi\nfrom coroi import report\ninputs = coroi.open_inputs("sample")', *cells]
    made = [nbformat.v4.new_code_cell("", metadata={"tags": ["parameters"]}), *map(nbformat.v4.new_code_cell, sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), folder / f"{name}.ipynb")
    plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    plan["studies"][name] = {"notebook": f"{name}.ipynb"}
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True), encoding="utf-8")


def every_text(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield all that can be read out of the files of a folder: Parquet as text, embedded files decoded."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        yield name, name
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            yield name, frame.reset_index().to_csv()
            yield name, str(frame.attrs)
        text = content.decode("utf-8", errors="replace")
        yield name, text
        yield name, html.unescape(text)
        yield name, text.encode().decode("unicode_escape", errors="replace")
        for found in re.findall(r"[A-Za-z0-9+/]{24,}", text):
            whole = found if len(found) % 4 != 1 else found[:-1]  # one letter more holds no byte
            whole = base64.b64decode(whole + "=" * (-len(whole) % 4))
            yield f"{name}, embedded", whole.decode("utf-8", errors="replace")


def leaks(texts: Iterator[tuple[str, str]], planted: set[str]) -> list[tuple[str, str]]:
    """Return where a planted word stands, whatever its case."""
    words = sorted({word.casefold().encode() for word in planted})
    shortest = min(map(len, words))
    assert shortest >= SHORTEST
    begun = np.zeros(256**SHORTEST, dtype=bool)
    begun[[int.from_bytes(word[:SHORTEST]) for word in words]] = True
    by_start: dict[bytes, list[bytes]] = {}
    for word in words:
        by_start.setdefault(word[:shortest], []).append(word)
    found = []
    for place, text in texts:
        raw = text.casefold().encode(errors="surrogatepass")
        letters = np.frombuffer(raw, dtype=np.uint8).astype(np.int32)
        starts = (letters[:-2] << 16) + (letters[1:-1] << 8) + letters[2:]
        seen = set()
        for at in np.flatnonzero(begun[starts]):
            told = by_start.get(raw[at : at + shortest], ())
            seen |= {word for word in told if raw.startswith(word, at)}
        found += [(place, word.decode()) for word in sorted(seen)]
    return found
