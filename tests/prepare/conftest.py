"""A company in a few lines of CSV, prepared; every preparation must add up and keep identifiers to itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coroi.prepare import Prepared, PrepareOptions, prepare_company
from coroi.prepare.ledger import unbalanced
from coroi.sources import Metric, Source

SECRET = "SECRET"
Prepare = Callable[..., Prepared]


@pytest.fixture(scope="session")
def connection(backend: Any) -> Any:
    """The session that a test works in: one of each engine in turn."""
    return backend


def _source(name: str, how: Mapping[str, Any]) -> Source:
    return Source.model_validate({"path": f"{name}.csv", **how})


def _digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.fixture
def prepare(connection: Any, tmp_path: Path) -> Prepare:
    """Write files, prepare them as a plan would, and hold what must always hold.

    Ledgers add up, also for refused tables; no text names a customer (ids in these tests hold the word SECRET);
    the raw files are as they were.
    """

    def run(
        files: Mapping[str, str | bytes | pd.DataFrame],
        tables: Mapping[str, Mapping[str, Any]],
        *,
        metrics: Mapping[str, Metric] | None = None,
        exit_flags: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Prepared:
        for name, content in files.items():
            if isinstance(content, pd.DataFrame):
                content.to_parquet(tmp_path / name)
            else:
                (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        before = _digests(tmp_path)
        chosen = {"period": "month", "currency": "EUR", "relationship": "snapshot", "grace_days": 30}
        prepared = prepare_company(
            connection,
            {name: _source(name, how) for name, how in tables.items()},
            {name: _source(name, how) for name, how in (exit_flags or {}).items()},
            PrepareOptions(
                **{**chosen, "metric_age_limit": 12, "metrics": metrics or {"csat": Metric(scale=(1, 5))}, **options}
            ),
            base=tmp_path,
        )
        assert unbalanced(prepared.ledger) == {}
        assert not prepared.ledger.astype(str).apply(lambda text: text.str.contains(SECRET)).any(axis=None)
        assert SECRET not in "\n".join(map(str, prepared.problems))
        assert _digests(tmp_path) == before
        return prepared

    return run


@pytest.fixture
def rows(connection: Any) -> Callable[[Prepared, str], list[dict[str, Any]]]:
    """Return a prepared table's filled cells, sorted by them, dates as ISO text."""

    def records(prepared: Prepared, name: str) -> list[dict[str, Any]]:
        assert prepared.problems == ()
        frame = connection.to_pandas(prepared.tables[name])
        found = []
        for record in frame.to_dict("records"):
            known = {k: v for k, v in record.items() if not pd.isna(v)}
            found.append({k: str(v.date()) if isinstance(v, pd.Timestamp) else v for k, v in known.items()})
        return sorted(found, key=lambda r: [str(v) for v in r.values()])

    return records


@pytest.fixture
def entries() -> Callable[..., dict[tuple[str, str], int]]:
    """Return a table's ledger as {(step, rule): rows}."""

    def found(prepared: Prepared, table: str) -> dict[tuple[str, str], int]:
        lines = prepared.ledger[prepared.ledger["table"] == table]
        keys = list(zip(lines["step"], lines["rule"], strict=True))
        assert len(set(keys)) == len(keys)
        return dict(zip(keys, lines["rows"].tolist(), strict=True))

    return found
