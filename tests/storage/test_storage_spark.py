"""Spark as a plan starts it: in a process of its own, since one process holds one Spark."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from coroi.storage.spark import _in_spark_words

PROGRAM = """
import json, sys
from pathlib import Path
from coroi import storage
from coroi.sources import Engine, File
folder = Path(sys.argv[1])
engine = Engine(name="spark", master="local[2]", memory_limit="700MB", spill_folder=str(folder / "scratch"))
session = storage.connect(engine)
table, _ = storage.open_file(session, File(path="t.csv"), folder)
kept = session.keep(table.mutate(n=table["n"].cast("int64")))
conf = session._spark.sparkContext.getConf()
said = {
    "sum": int(session.execute(kept["n"].sum())),
    "ids": session.to_pandas(kept.order_by("id"))["id"].tolist(),
    "memory": conf.get("spark.driver.memory"),
    "inside": conf.get("spark.local.dir").startswith(str(folder / "scratch")),
    "version": session.version["name"],
}
session.disconnect()
print(json.dumps(said | {"left": [p.name for p in folder.iterdir()]}))
"""


@pytest.mark.slow
def test_spark_starts_with_the_plans_limits_and_leaves_nothing(tmp_path):
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: Debian's package is default-jre-headless")
    (tmp_path / "t.csv").write_text("id,n\nb,2\na,40\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "sum": 42,
        "ids": ["a", "b"],
        "memory": "700m",
        "inside": True,
        "version": "pyspark",
        "left": ["t.csv"],
    }
    assert "FutureWarning" not in done.stderr


@pytest.mark.parametrize(
    ("limit", "words"), [("4GB", "4096m"), ("1.5 GB", "1536m"), ("512 MiB", "512m"), ("1TB", "1048576m")]
)
def test_memory_is_written_as_spark_does(limit, words):
    assert _in_spark_words(limit) == words
