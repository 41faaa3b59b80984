"""Engines: limits that hold, folders that are gone, secrets that stay where they are, and nobody else's tables."""

from __future__ import annotations

import os
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from coroi import storage
from coroi.errors import DataError
from coroi.prepare.cleaning.rules import fresh
from coroi.sources import Engine, File
from coroi.storage import engine as module
from engines import VARIABLE

SECRET = "hunter2"


def setting(session, name):
    return session.backend.con.sql(f"SELECT current_setting('{name}')").fetchall()[0][0]


def test_memory_limit_and_spill_folder_are_applied_and_the_folder_is_gone_afterwards(tmp_path):
    session = storage.connect(Engine(memory_limit="100 MiB", spill_folder=str(tmp_path / "deep" / "scratch")))
    assert setting(session, "memory_limit") == "100.0 MiB"
    spilled = Path(setting(session, "temp_directory"))
    assert spilled.parent == tmp_path / "deep" / "scratch"
    noise = np.random.default_rng(1).random((8_000_000, 2))
    session.keep(ibis.memtable(pd.DataFrame(noise, columns=["x", "y"])))
    assert sum(p.stat().st_size for p in spilled.rglob("*")) > 20 * 2**20  # 128 MB do not fit into 100
    session.disconnect()
    assert not (tmp_path / "deep" / "scratch").exists()


def test_a_spill_folder_that_was_there_stays_with_what_it_holds(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    session = storage.connect(Engine(spill_folder=str(tmp_path)))
    assert len(list(tmp_path.iterdir())) == 2
    session.disconnect()
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_spill_folder_goes_with_a_session_that_nobody_ended(tmp_path):
    session = storage.connect(Engine(spill_folder=str(tmp_path)))
    table = session.keep(ibis.memtable({"x": [1]}))
    del session
    assert len(list(tmp_path.iterdir())) == 1  # the table still lives there
    del table
    import gc

    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_spill_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"^engine.spill_folder: the folder 'file' cannot be written: .*Name a folder"):
        storage.connect(Engine(spill_folder=str(tmp_path / "file")))


def test_too_little_memory_is_told_in_one_sentence_with_the_way_out(tmp_path):
    session = storage.connect(Engine(memory_limit="20MB", spill_folder=str(tmp_path)))
    numbers = ibis.range(0, 5_000_000).unnest().name("x").as_table()
    with pytest.raises(DataError) as told:
        session.execute(numbers.agg(all=ibis._.x.cast("string").collect()))
    assert str(told.value) == (
        "engine: the data do not fit in the memory and the disk that the engine may use. "
        "Raise engine.memory_limit, or name an engine.spill_folder on a disk with more room."
    )
    session.disconnect()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, "engine.connection: the environment variable COROI_TEST_WRONG is not set."),
        ("", "engine.connection: the environment variable COROI_TEST_WRONG is not set."),
        (f"postgresql://me:{SECRET}@127.0.0.1:1/db?connect_timeout=2", "cannot be reached (OperationalError)."),
        (f"postgresql://me:{SECRET}@[bad", "cannot be reached"),
        (f"nosuchengine://me:{SECRET}@host/db", "cannot be reached"),
        (SECRET, "cannot be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_named_by_its_variable_only(monkeypatch, address, said):
    monkeypatch.delenv("COROI_TEST_WRONG", raising=False)
    if address is not None:
        monkeypatch.setenv("COROI_TEST_WRONG", address)
    with pytest.raises(DataError) as told:
        storage.connect(Engine(name="ibis", connection="COROI_TEST_WRONG"))
    assert said in str(told.value) and "COROI_TEST_WRONG" in str(told.value)
    shown = "".join(__import__("traceback").format_exception(told.value))
    assert "127.0.0.1" not in str(told.value)
    assert f"{SECRET}@" not in shown and SECRET not in str(told.value)


@pytest.mark.parametrize(("name", "extra"), [("spark", "spark"), ("ibis", "postgres")])
def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch, name, extra):
    def missing(package):
        raise ImportError(package)

    monkeypatch.setattr(module, "import_module", missing)
    monkeypatch.setenv("COROI_TEST_WRONG", "postgresql://host/db")
    with pytest.raises(DataError, match=rf"is not installed. Install it: pip install 'coroi\[{extra}\]'"):
        storage.connect(Engine(name=name, connection="COROI_TEST_WRONG"))


@pytest.fixture
def other(tmp_path, monkeypatch):
    """Any backend of ibis, through the way that all take that have none of their own."""
    monkeypatch.setenv("COROI_TEST_OTHER", f"sqlite:///{tmp_path}/other.db")
    session = storage.connect(Engine(name="ibis", connection="COROI_TEST_OTHER"))
    yield session
    session.disconnect()


def test_a_backend_without_a_way_of_its_own_takes_files_and_gives_answers(other, tmp_path):
    (tmp_path / "t.csv").write_text("id,n\nb,2\na,\n")
    table, _ = storage.open_file(other, File(path="t.csv"), tmp_path)
    kept = fresh(other, table)
    assert other.to_pandas(kept.order_by("id"))["id"].tolist() == ["a", "b"]
    assert other.execute(kept["n"].count()) == 1
    assert other.version["name"] == "sqlite"
    (batch,) = storage.stream(other, kept.order_by("id"), 10)
    assert batch["_row"].tolist() == [2, 1]


def seen(address: str) -> dict[str, object]:
    """All tables of a server with their rows, but for what sessions keep to themselves."""
    import psycopg

    with psycopg.connect(address) as own:
        named = own.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'")
        return {f"{s}.{t}": own.execute(f'SELECT * FROM "{s}"."{t}"').fetchall() for s, t in named.fetchall()}


@pytest.mark.parametrize("fails", [False, True])
def test_tables_of_the_server_are_never_touched_and_ours_never_stay(postgres_address, tmp_path, monkeypatch, fails):
    import psycopg

    with psycopg.connect(postgres_address, autocommit=True) as own:
        own.execute("CREATE TABLE IF NOT EXISTS customers AS SELECT 1 AS secret")
        own.execute("CREATE TABLE IF NOT EXISTS coroi_theirs AS SELECT 2 AS secret")
    before = {name: rows for name, rows in seen(postgres_address).items() if name.startswith("public.")}
    monkeypatch.setenv(VARIABLE, postgres_address)
    session = storage.connect(Engine(name="ibis", connection=VARIABLE))
    (tmp_path / "customers.csv").write_text("id\nA\n\\N\n")
    table, _ = storage.open_file(session, File(path="customers.csv"), tmp_path)
    kept = session.keep(table.mutate(n=1))
    assert session.to_pandas(kept["id"]).tolist() == ["A", "\\N"]
    kind = session.backend.con.info.backend_pid
    assert any(name.startswith("pg_temp_") for name in seen_by(postgres_address))
    if fails:
        with pytest.raises(psycopg.Error):
            session.execute((kept["id"].cast("int64")).sum())
    session.disconnect()
    with psycopg.connect(postgres_address, autocommit=True) as own:
        for _ in range(100):
            if not own.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [kind]).fetchall():
                break
            own.execute("SELECT pg_sleep(0.05)")
    after = {name: rows for name, rows in seen(postgres_address).items() if name.startswith("public.")}
    assert after == before
    with pytest.raises(NotImplementedError):
        session.backend.create_table("t", table)


def seen_by(address: str) -> set[str]:
    import psycopg

    with psycopg.connect(address) as own:
        return {s for (s,) in own.execute("SELECT DISTINCT schemaname FROM pg_tables").fetchall()}


def test_a_server_that_sorts_as_people_do_gives_the_order_of_all_engines(postgres_address, monkeypatch):
    monkeypatch.setenv(VARIABLE, postgres_address)
    session = storage.connect(Engine(name="ibis", connection=VARIABLE))
    words = ["b", "B", "a", "Ä", "_", "é", "Z"]
    table = session.keep(ibis.memtable(pd.DataFrame({"w": words})))
    assert session.to_pandas(table.order_by("w"))["w"].tolist() == sorted(words)
    assert session.execute(table["w"].max()) == max(words)
    assert session.to_pandas(table.select(w=table["w"].lower()).order_by("w"))["w"].tolist() == sorted(
        w.lower() for w in words
    )
    assert session.version["name"] == "postgres" and session.version["version"][0].isdigit()
    assert os.environ[VARIABLE] not in repr(session.version)
    session.disconnect()


def test_a_table_is_kept_for_as_long_as_an_expression_holds_it():
    session = storage.connect()

    def names() -> set[str]:
        return {row[0] for row in session.backend.con.sql("select table_name from duckdb_tables()").fetchall()}

    first = session.keep(ibis.memtable({"a": [1, 2, 3]}))
    name = first.op().name
    twice = first.mutate(b=first["a"] * 2)
    del first
    second = session.keep(twice)
    assert name in names()
    assert session.execute(twice["b"].sum()) == 12
    del twice
    third = session.keep(second.mutate(c=1))
    assert name not in names()
    assert {second.op().name, third.op().name} <= names()
    assert session.execute(third["b"].sum()) == 12
    session.disconnect()
