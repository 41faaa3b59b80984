"""The plan's engine: read as written, refused with the line and the nearest name, and never a place for an address."""

from __future__ import annotations

import pytest

from coroi.errors import PlanError
from coroi.sources import Engine
from coroi.studies.manifest import canonical_plan
from coroi.studies.plan import read_plan

PLAN = """\
name: acme
currency: EUR
period: month
tables:
  customers:
    path: customers.csv
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id\nA1\n")

    def read(engine):
        (tmp_path / "plan.yaml").write_text(PLAN + engine)
        return read_plan(tmp_path / "plan.yaml", known_studies={})

    return read


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("", Engine()),
        ("engine:\n", Engine()),
        ("engine: duckdb\n", Engine()),
        ("engine: spark\n", Engine(name="spark")),
        ("engine: {name: duckdb, memory_limit: 4GB}\n", Engine(memory_limit="4GB")),
        ("engine: {memory_limit: 512 MiB}\n", Engine(memory_limit="512 MiB")),
        ('engine: {name: spark, master: "local[2]"}\n', Engine(name="spark", master="local[2]")),
        ("engine: {name: spark, master: spark://host:7077}\n", Engine(name="spark", master="spark://host:7077")),
        ("engine: {name: ibis, connection: COROI_X1}\n", Engine(name="ibis", connection="COROI_X1")),
    ],
)
def test_an_engine_is_read_as_it_is_written(read, text, engine):
    assert read(text).engine == engine


def test_a_spill_folder_starts_from_the_plan_and_leaves_no_path_of_this_machine(read, tmp_path):
    loaded = read("engine: {spill_folder: scratch}\n")
    assert loaded.engine.spill_folder == str(tmp_path / "scratch")
    loaded = read(f"engine: {{spill_folder: {tmp_path}/deep/scratch}}\n")
    assert loaded.engine.spill_folder == str(tmp_path / "deep" / "scratch")
    assert canonical_plan(loaded.plan)["engine"]["spill_folder"] == "scratch"


SCHEME = "postgresql://"
SECRET = "this looks like a secret or an address of a service; the plan is no place for it."
WAY = "Take it out of the plan: connections come from the environment."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("engine: duckbd\n", ["'duckbd' is not one of duckdb, spark, ibis. Did you mean 'duckdb'?"]),
        ("engine: 5\n", ["5 is not"]),
        ("engine: {name: sparc}\n", ["'sparc' is not one of duckdb, spark, ibis. Did you mean 'spark'?"]),
        ("engine: {memory: 4GB}\n", ["an engine has no key of this name. Did you mean 'memory_limit'?"]),
        ("engine: {memory_limit: lots}\n", ["'lots' is not an amount of memory, such as 4GB."]),
        ("engine: {memory_limit: 4}\n", ["4 is not an amount of memory, such as 4GB."]),
        ("engine: {spill_folder: ''}\n", ["'' is not the path of a folder, as text."]),
        ("engine: {master: yarn}\n", ["duckdb has no such setting. Known: memory_limit, spill_folder."]),
        ("engine: ibis\n", ["ibis needs a `connection`."]),
        ("engine: {name: ibis, master: yarn, connection: X}\n", ["ibis has no such setting."]),
        (f"engine: {{name: ibis, connection: '{SCHEME}me:hunter2@host/db'}}\n", [SECRET, WAY]),
        ("engine: {name: ibis, connection: hunter2}\n", [SECRET, WAY]),
        ("engine: {name: spark, master: spark://me:hunter2@host:7077}\n", [SECRET, WAY]),
        ("engine: {name: spark, password: hunter2}\n", [SECRET, WAY]),
        (f"engine: {SCHEME}me:hunter2@host/db\n", [SECRET, WAY]),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_without_a_secret(read, text, said):
    with pytest.raises(PlanError) as refused:
        read(text)
    (message,) = map(str, refused.value.problems)
    assert message.startswith("plan.yaml line 7"), message
    assert all(part.replace("'", '"') in message.replace("'", '"') for part in said), message
    assert "hunter2" not in message
