"""Files to read, and a proof that reading leaves them alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coroi import storage
from coroi.sources import File

Read = Callable[..., list[dict[str, Any]]]


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="session")
def connection() -> Any:
    return storage.connect()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of raw files; the test fails if one of them was changed or one was added after `seal`."""
    raw = tmp_path / "raw"
    raw.mkdir()
    yield raw


@pytest.fixture
def read(connection: Any, folder: Path) -> Read:
    """Read a file of the folder to records in the order of its rows, empty cells as None."""

    def records(path: str, **how: Any) -> list[dict[str, Any]]:
        before = digests(folder)
        table, _ = storage.open_file(connection, File(path=path, **how), folder)
        frame = connection.to_pandas(table).astype(object)
        assert digests(folder) == before
        return frame.where(frame.notna(), None).to_dict("records")

    return records
