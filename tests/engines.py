"""The engines that tests run on, and a PostgreSQL server of their own: on a socket in a temporary folder, then gone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ENGINES = ("duckdb", "spark", "postgres")
EVERYDAY = {  # modules, and tests of other modules
    "postgres": {
        "test_prepare_engines",
        "test_a_swapped_date_out_of_line_is_put_back",
        "test_blanks_and_letters_encoded_twice_are_mended_and_can_be_left",
        "test_lost_zeros_are_given_back_where_the_customers_leave_no_doubt",
        "test_three_late_days_show_the_others_their_order",
    },
    "spark": {
        "test_the_panel_is_the_same_to_the_last_row",
        "test_a_swapped_date_out_of_line_is_put_back",
        "test_blanks_and_letters_encoded_twice_are_mended_and_can_be_left",
    },
}
VARIABLE = "COROI_TEST_CONNECTION"


def program(name: str) -> str | None:
    """Find one of PostgreSQL's programs; Debian keeps them out of the search path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server that sorts text as people do, not byte by byte; yield its address."""
    home = Path(tempfile.mkdtemp(prefix="coroi-pg-", dir="/tmp"))
    who: dict[str, str] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        who = {"user": "nobody"}
        os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)
    data = home / "data"
    how = ["--auth=trust", "--username=coroi", "--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US"]
    try:
        run([program("initdb"), "-D", data, *how, "--no-sync", "--locale=C.UTF-8"], home, who)
        settings = f"-k {home} -c listen_addresses='' -c fsync=off -c max_connections=20"
        run([program("pg_ctl"), "-D", data, "-w", "-t", "60", "-l", home / "log", "-o", settings, "start"], home, who)
        try:
            yield f"postgresql://coroi@/postgres?host={home}"
        finally:
            run([program("pg_ctl"), "-D", data, "-m", "immediate", "stop"], home, who)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(command: list[object], home: Path, who: dict[str, str]) -> None:
    done = subprocess.run(
        list(map(str, command)),
        cwd=home,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        stdout=subprocess.DEVNULL,  # the server keeps what it inherits: a pipe would never end
        stderr=subprocess.DEVNULL,
        check=False,
        **who,
    )
    assert done.returncode == 0, f"{Path(str(command[0])).name} ended with {done.returncode}"


def start_spark() -> None:
    """Start Spark for tables of a few rows, which the session then finds running: it compiles nothing beforehand."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.appName("tests").master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    builder.getOrCreate().sparkContext.setLogLevel("ERROR")


def slow(item: pytest.Item) -> bool:
    """Tell whether a test waits for the slow suite: on another engine than DuckDB all but some do."""
    asked = getattr(item, "callspec", None)
    engine = "duckdb" if asked is None else asked.params.get("backend", "duckdb")
    return engine != "duckdb" and not {item.module.__name__, item.originalname} & EVERYDAY[engine]
