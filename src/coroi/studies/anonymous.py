"""Nobody's name in what a study leaves behind: messages are masked, and pages and tables that name people refused."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coroi import storage
from coroi.errors import ReportError
from coroi.masking import PERSON, fold, mask_text
from coroi.studies.labels import identifiers_in, personal_columns

_DATA_LINK = re.compile(r"data:text/csv;charset=utf-8;base64,([A-Za-z0-9+/=]+)")
_QUOTED = re.compile(r"['\"]([^'\"\n]{1,64})['\"]")
_TAG = re.compile(r"<[^>]*>")
_PLAIN_WORD = re.compile(r"[^\W\d_]*|[\d.,]*|\w{1,3}")


@dataclass(frozen=True, slots=True)
class Anonymiser:
    """Looks up identifiers of the prepared tables in whatever is about to be published.

    Parameters
    ----------
    connection : Session or None
        Where the tables live; ``None`` where there are none.
    tables : Mapping of str to ibis.Table
        Clean tables.
    """

    connection: Any = None
    tables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, prepared: Path) -> Anonymiser:
        """Open the tables of a run; there are none before they are prepared."""
        folder = prepared / "tables"
        if not folder.is_dir():
            return cls()
        connection = storage.connect()
        return cls(connection, storage.read_parquet_tables(connection, folder))

    def masked(self, text: str) -> str:
        """Mask a message: addresses, long numbers and the data's own identifiers, those of few digits if quoted."""
        quoted = self._known(_QUOTED.findall(text), short=True)
        text = _QUOTED.sub(lambda m: m[0].replace(m[1], PERSON) if fold(m[1]) in quoted else m[0], text)
        return mask_text(text, self._known([text], short=self._names_a_column(text)))

    def clean(self, notebook: Any) -> Any:
        """Mask in place what a notebook printed and what its errors say; what it shows is judged, not changed."""
        for output in _outputs(notebook):
            for key in ("text", "evalue"):
                if key in output:
                    output[key] = self.masked("".join(output[key]))
        return notebook

    def without_names(self, notebook: Any) -> Any:
        """Take out in place whatever a notebook shows that names customers."""
        for output in _outputs(notebook):
            texts = list(_texts(output))
            if texts and (self._told(texts) or any(map(self._names_a_column, texts))):
                output["data"], output["metadata"] = {"text/plain": "(left out: it names customers)"}, {}
        return notebook

    def refuse_names(self, notebook: Any, folder: Path, *, part: str = "notebook cell") -> None:
        """Refuse a study whose page or kept tables name customers.

        Parameters
        ----------
        notebook : nbformat.NotebookNode
            The executed notebook.
        folder : pathlib.Path
            What it wrote.
        part : str
            What to call a cell in the message.

        Raises
        ------
        ReportError
            With the place. An identifier that is a plain word or a plain number cannot be told from others; columns
            of identifiers are known by their names.
        """
        personal = {column for _, column in personal_columns(self.tables)} | {"respondent_id"}
        for place, texts in _places(notebook, folder, personal, part):
            found = self._told(texts)
            if found:
                raise ReportError(
                    f"{place}: {len(found):,} identifiers of the data stand in it. A report names nobody: show counts, "
                    "or keep customer-level tables with --private."
                )

    def _told(self, texts: list[str]) -> list[str]:
        """Return the identifiers in some texts that can be nothing else."""
        return [word for word in self._known(texts) if not _PLAIN_WORD.fullmatch(word)]

    def _known(self, texts: list[str], *, short: bool = False) -> frozenset[str]:
        return identifiers_in(self.connection, self.tables, texts, short=short) if self.tables else frozenset()

    def _names_a_column(self, text: str) -> bool:
        """Tell whether a text speaks of a column of identifiers, so that any number in it may be one."""
        return any(column in text for _, column in personal_columns(self.tables))


def _outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", ())


def _places(notebook: Any, folder: Path, personal: set[str], part: str) -> Iterator[tuple[str, list[str]]]:
    for number, cell in enumerate(notebook.cells, start=1):
        texts = [text for output in cell.get("outputs", ()) for text in _texts(output)]
        yield f"{part} {number}", texts
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield path.name, list(_words_of(path, personal))
        elif path.suffix in (".json", ".csv", ".txt", ".html", ".md"):
            yield path.name, [path.read_text(encoding="utf-8", errors="replace")]


def _texts(output: Any) -> Iterator[str]:
    for kind, content in output.get("data", {}).items():
        text = content if isinstance(content, str) else "".join(content) if isinstance(content, list) else str(content)
        if kind == "text/html":
            yield html.unescape(_TAG.sub(" ", text))
            yield from (base64.b64decode(found).decode("utf-8-sig") for found in _DATA_LINK.findall(text))
        elif not kind.startswith("image/"):
            yield text
    for value in output.get("metadata", {}).values():
        if isinstance(value, dict):
            yield " ".join(str(v) for v in value.values())


def _words_of(path: Path, personal: set[str]) -> Iterator[str]:
    """Yield the words of a Parquet file, each value once."""
    frame = storage.read_frames(path.parent, only=path.stem)[path.stem].reset_index()
    named = sorted(personal & set(map(str, frame.columns)))
    if named:
        raise ReportError(f"{path.name}: the column {named[0]} names people one by one. Keep counts instead.")
    yield " ".join(map(str, frame.columns))
    for column in frame.select_dtypes(exclude=["number", "bool", "datetime"]).columns:
        yield from frame[column].dropna().astype(str).unique()
