"""Results and tables on disk: what is written comes back, and equal results give equal bytes."""

from __future__ import annotations

import json
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from coroi import storage
from coroi.errors import CoroiError
from coroi.results import Check, Result, Verdict


def result(shift: float = 0.0) -> Result:
    estimates = pd.DataFrame(
        {
            "term": ["gap", "gap"],
            "band": ["low", "high"],
            "horizon": [6, 12],
            "estimate": [0.25 + shift, np.nan],
            "std_error": [0.05, np.nan],
            "conf_low": [0.15, np.nan],
            "conf_high": [0.35, np.nan],
            "identified": [True, False],
            "reason": ["", "no customer followed so long"],
        }
    )
    terms = ["low", "high"]
    return Result(
        method="survival",
        estimand="Retention at the horizon, in percentage points – é",
        spec={"horizon": 12, "metric": "nps", "bands": [6.0, 8.0], "landmark": None},
        estimates=estimates,
        n_obs=1234,
        n_entities=567,
        vcov=pd.DataFrame([[1.0, 0.5], [0.5, 2.0]], index=terms, columns=terms),
        influence=pd.DataFrame({"low": [0.1, -0.1], "high": [0.2, -0.2]}, index=pd.Index([4, 9], name="cluster")),
        draws=np.arange(6.0).reshape(3, 2),
        checks=(
            Check(name="leak_nps", tested="whether", passed=True, sentence="No.", table=pd.DataFrame({"n": [1, 2]})),
            Check(name="size", tested="whether", passed=None, sentence="Not run."),
            Check(name="order", tested="whether", passed=False, sentence="Failed."),
        ),
        tables={"curve": pd.DataFrame({"period": [1, 2], "at_risk": [10, 9]})},
    )


def verdict() -> Verdict:
    return Verdict(
        theta="gap",
        estimate=float("nan"),
        conf_low=float("nan"),
        conf_high=float("nan"),
        delta=0.01,
        level=0.9,
        label="not testable with this data",
        label_95="not testable with this data",
        grade="D",
        reason="too few",
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_a_result_comes_back_equal(tmp_path):
    written = result()
    path = storage.write_result(written, tmp_path / "new" / "folder", verdict=verdict(), headline="One sentence.")
    assert path == tmp_path / "new" / "folder" / "result.json"
    read = storage.read_result(path.parent)
    assert (read.method, read.estimand, read.n_obs, read.n_entities) == (
        written.method,
        written.estimand,
        written.n_obs,
        written.n_entities,
    )
    assert dict(read.spec) == dict(written.spec)
    for name in ("estimates", "vcov", "influence"):
        assert_frame_equal(getattr(read, name), getattr(written, name), check_dtype=True)
    np.testing.assert_array_equal(read.draws, written.draws)
    assert [(c.name, c.tested, c.passed, c.sentence) for c in read.checks] == [
        (c.name, c.tested, c.passed, c.sentence) for c in written.checks
    ]
    assert_frame_equal(read.checks[0].table, written.checks[0].table)
    assert read.checks[1].table is None
    assert list(read.tables) == ["curve"]
    assert_frame_equal(read.tables["curve"], written.tables["curve"])


def test_what_a_result_lacks_stays_away(tmp_path):
    bare = Result(
        method="m", estimand="e", spec={}, estimates=result().estimates, n_obs=1, n_entities=1, draws=None, vcov=None
    )
    storage.write_result(bare, tmp_path)
    assert sorted(contents(tmp_path)) == ["estimates.parquet", "result.json"]
    read = storage.read_result(tmp_path)
    assert (read.vcov, read.influence, read.draws, read.checks, dict(read.tables)) == (None, None, None, (), {})


def test_equal_results_give_equal_bytes_and_others_do_not(tmp_path):
    for folder, shift in (("a", 0.0), ("b", 0.0), ("c", 0.001)):
        storage.write_result(result(shift), tmp_path / folder, verdict=verdict(), headline="One sentence.")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a")["estimates.parquet"] != contents(tmp_path / "c")["estimates.parquet"]


def test_the_words_are_json_that_any_reader_takes(tmp_path):
    path = storage.write_result(result(), tmp_path, verdict=verdict(), headline="Größer.")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    words = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert words["verdict"]["label"] == "not testable with this data"
    assert words["verdict"]["estimate"] is None
    assert words["verdict"]["delta"] == 0.01
    assert words["headline"] == "Größer."
    assert words["frames"] == ["check_leak_nps", "draws", "estimates", "influence", "table_curve", "vcov"]


def test_a_folder_without_a_result_says_so(tmp_path):
    with pytest.raises(CoroiError, match=r"there is no result\.json here"):
        storage.read_result(tmp_path)


def test_tables_and_frames_come_back(tmp_path):
    connection = storage.connect()
    frame = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]})
    storage.write_parquet_tables(connection, {"t": ibis.memtable(frame)}, tmp_path / "tables")
    back = storage.read_parquet_tables(connection, tmp_path / "tables")
    assert list(back) == ["t"]
    assert connection.to_pandas(back["t"].order_by("n")).to_dict("list") == {"id": ["a", "b"], "n": [1, 2]}
    storage.write_frames({"f": frame, "empty": pd.DataFrame()}, tmp_path / "frames")
    read = storage.read_frames(tmp_path / "frames")
    assert_frame_equal(read["f"], frame)
    assert read["empty"].empty
