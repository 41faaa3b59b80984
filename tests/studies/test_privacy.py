"""Identifiers planted into every table: none comes out in any byte of the reports, nor on the console."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from planted import add_notebook, every_text, leaks, name_of, plant

from coroi import cli
from coroi.studies.runner import run_plan
from coroi.studies.small_cells import COUNTS

SMALLEST = 10
COMES_WITH = ("readiness", "retention", "profit", "firms", "programme", "pilot", "roi")


def coroi(*arguments: object, home: Path) -> tuple[int, str]:
    """Run the command line as a user does; return its exit code and all that it printed."""
    ended = subprocess.run(
        [sys.executable, "-m", "coroi", *map(str, arguments)],
        cwd=home,
        env=dict(os.environ) | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def coroi_here(monkeypatch, capfd):
    """A function that runs the command line in this process; for what ends before any notebook starts."""

    def call(*arguments: object, home: Path) -> tuple[int, str]:
        monkeypatch.chdir(home)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["coroi", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        printed = capfd.readouterr()
        return int(end.value.code or 0), printed.out + printed.err

    return call


@pytest.fixture(scope="module")
def sown(tmp_path_factory):
    """Plant identifiers into a company's tables."""
    folder = tmp_path_factory.mktemp("sown") / "data"
    return folder, plant(folder)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Plant identifiers into the tables of few customers."""
    folder = tmp_path_factory.mktemp("few") / "data"
    return folder, plant(folder, customers=120)


@pytest.fixture(scope="module")
def ran(sown, tmp_path_factory):
    """Run the studies on the planted company, with verbatims asked for and studies that name customers."""
    home = tmp_path_factory.mktemp("planted")
    planted = sown[1]
    shutil.copytree(sown[0], home / "data")
    plan_path = home / "data" / "plan.yaml"
    plan = yaml.safe_load(plan_path.read_text(encoding="utf-8"))
    plan["privacy"] = {"verbatims": True}
    plan_path.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    people = 'rows = inputs.tables["customers"].limit(20).execute()\nids = rows["customer_id"]'
    add_notebook(home / "data", "raises", people, 'print(ids.tolist())\nraise KeyError(f"{ids[3]} and {ids[4]}")')
    add_notebook(home / "data", "shows", people, "ids", "1 / 0")
    table = (
        'report.table(rows[["customer_id"]].rename(columns={"customer_id": "Who"}), caption="People", name="people")'
    )
    add_notebook(home / "data", "names", people, table)
    code, printed = coroi("run", plan_path, "--output", home / "reports", home=home)
    return home, planted, code, printed


def test_nothing_planted_comes_out_anywhere(ran):
    home, planted, code, printed = ran
    pages = {p.parent.name for p in (home / "reports").rglob("index.html")}
    assert {*COMES_WITH, "raises", "shows", "names"} <= pages
    assert code == 1  # the studies that name customers fail
    texts = list(every_text(home / "reports"))
    assert len(texts) > 100
    assert leaks(iter(texts), planted) == []
    assert leaks(iter([("console", printed)]), planted) == []


def test_the_studies_that_come_with_coroi_still_answer_and_those_that_name_people_say_why_not(ran):
    home, _, _, _ = ran
    record = json.loads(next((home / "reports").rglob("run.json")).read_text(encoding="utf-8"))
    told = {entry["study"]: entry for entry in record["studies"]}
    assert [told[s]["status"] for s in COMES_WITH] == ["ok"] * len(COMES_WITH)
    assert told["retention"]["headline"]
    assert {told[s]["status"] for s in ("raises", "shows", "names")} == {"failed"}
    assert "A report names nobody" in told["names"]["message"]
    assert told["raises"]["message"].startswith("KeyError: '[")


def test_the_search_finds_what_is_planted(ran, tmp_path):
    _, planted, _, _ = ran
    word = next(w for w in sorted(planted) if w.endswith("@planted.example"))
    pd.DataFrame({"a": [word]}).to_parquet(tmp_path / "kept.parquet", compression="zstd")
    for end in ("", "\n", "\n\n"):  # wherever the last group of letters breaks off
        link = base64.b64encode(f"a,b\n1,{word}{end}".encode()).decode()
        (tmp_path / "page.html").write_text(f'<a href="data:text/csv;base64,{link}">', encoding="utf-8")
        assert {place for place, _ in leaks(every_text(tmp_path), {word})} == {"kept.parquet", "page.html, embedded"}


def test_no_kept_table_counts_few_customers(ran):
    home, _, _, _ = ran
    seen = 0
    for path in (home / "reports").rglob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in [c for c in frame.columns if c in COUNTS]:
            values = pd.to_numeric(frame[column]).dropna()
            seen += len(values)
            assert not ((values > 0) & (values < SMALLEST)).any(), (path.name, column)
    assert seen > 20


def test_verbatims_are_shown_only_masked_and_only_where_asked_for(ran):
    home, _, _, _ = ran
    page = next((home / "reports").rglob("readiness/index.html")).read_text(encoding="utf-8")
    assert "“" in page.split('id="what-they-wrote"')[1].split("<h2")[0]


def test_nothing_planted_comes_out_of_a_pilots_design(ran):
    home, planted, _, _ = ran
    reports = home / "designs"
    code, printed = coroi("design", home / "data" / "plan.yaml", "--output", reports, "--replications", 100, home=home)
    assert (code, "Page: " in printed) == (0, True)
    texts = list(every_text(reports))
    assert {"index.html", "manifest.json", "result.json"} <= {place.split("/")[-1] for place, _ in texts}
    assert leaks(iter(texts), planted) == []
    assert leaks(iter([("console", printed)]), planted) == []


def _headerless(row: int):
    return lambda frame: frame.set_axis(list(frame.iloc[row]), axis=1)


DIRTY = {
    "duplicate keys": ("customers.csv", lambda f: pd.concat([f, f.iloc[[2, 3]].assign(segment="Anna Quillfeather")])),
    "unknown metric words": ("responses.csv", lambda f: f.assign(metric=name_of(1))),
    "unreadable dates": ("subscriptions.csv", lambda f: f.assign(start_at=[name_of(i) for i in range(len(f))])),
    "unreadable scores": ("responses.csv", lambda f: f.assign(score=[name_of(i) for i in range(len(f))])),
    **{f"no header line, row {i}": ("customers.csv", _headerless(i)) for i in range(6)},
    "no header line in answers": ("responses.csv", lambda f: f.set_axis(list(f.iloc[3]), axis=1)),
    "unknown arms": ("programme.csv", lambda f: f.assign(arm=[name_of(i) for i in range(len(f))])),
    "unknown kinds of costs": ("costs.csv", lambda f: f.assign(kind=name_of(3))),
}
FURTHER = ("row 1", "row 2", "row 3", "row 4")


@pytest.mark.parametrize("dirt", [pytest.param(d, marks=[pytest.mark.slow] * (d[-5:] in FURTHER)) for d in DIRTY])
def test_what_is_wrong_with_the_data_is_told_without_them(dirt, few, tmp_path, coroi_here):
    shutil.copytree(few[0], tmp_path / "data")
    name, soil = DIRTY[dirt]
    frame = pd.read_csv(tmp_path / "data" / name, dtype=str, keep_default_na=False)
    soil(frame).to_csv(tmp_path / "data" / name, index=False)
    planted = few[1] | {name_of(i) for i in range(len(frame))}
    commands = [("check",), ("run", "--output", tmp_path / "reports")]
    for command in commands if dirt == "unreadable dates" else commands[:1]:
        code, printed = coroi_here(command[0], tmp_path / "data" / "plan.yaml", *command[1:], home=tmp_path)
        assert code == 2
        assert len(printed) > 40
        assert leaks(iter([("console", printed)]), planted) == []
    assert leaks(every_text(tmp_path / "reports") if (tmp_path / "reports").exists() else iter(()), planted) == []


@pytest.mark.parametrize("row", [pytest.param(i, marks=[pytest.mark.slow] * (i not in (0, 5))) for i in range(6)])
def test_a_draft_from_a_file_without_header_does_not_name_its_first_customer(row, few, tmp_path, coroi_here):
    shutil.copytree(few[0], tmp_path / "exports")
    (tmp_path / "exports" / "plan.yaml").unlink()
    frame = pd.read_csv(tmp_path / "exports" / "customers.csv", dtype=str, keep_default_na=False)
    _headerless(row)(frame).to_csv(tmp_path / "exports" / "customers.csv", index=False)
    code, printed = coroi_here("init", tmp_path / "mine", "--from", tmp_path / "exports", home=tmp_path)
    drafted = (tmp_path / "mine" / "plan.yaml").read_text(encoding="utf-8")
    assert code == 0
    assert "could not be read: customers.csv: its first line looks like data" in drafted
    assert leaks(iter([("console", printed), ("plan", drafted)]), {name_of(row)}) == []


SMALL_PLAN = """\
name: small
currency: EUR
period: month
tables:
  snapshot:
    path: snapshot.csv
    scores: {nps: nps}
metrics:
  nps: {scale: [0, 10]}
studies:
  readiness:
"""


@pytest.fixture
def small(tmp_path):
    rows = [f"KD-{i:05d},{i % 2},{i % 11}" for i in range(60)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "snapshot.csv").write_text("customer_id,left,nps\n" + "\n".join(rows) + "\n")
    (tmp_path / "data" / "plan.yaml").write_text(SMALL_PLAN)
    return tmp_path


def test_customer_level_tables_are_written_apart_and_for_their_owner_alone(small):
    plan, apart, reports = small / "data" / "plan.yaml", small / "apart", small / "reports"
    finished = run_plan(plan, output=reports, private=apart)
    assert sorted(p.name for p in apart.iterdir()) == ["contents.json", "snapshot.parquet"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in apart.iterdir()} == {0o600}
    assert stat.S_IMODE(apart.stat().st_mode) == 0o700
    assert pd.read_parquet(apart / "snapshot.parquet")["customer_id"].iloc[0] == "KD-00000"
    contents = json.loads((apart / "contents.json").read_text())
    assert (contents["plan"], contents["run"]) == ("small", finished.run)
    assert contents["tables"]["snapshot"]["rows"] == 60
    for record in (finished.folder / "run.json", finished.folder / "readiness" / "manifest.json"):
        said = json.loads(record.read_text())["customer_level_tables"]
        assert said == {"written_apart_from_the_reports": True, "rows": {"snapshot": 60}}
    assert leaks(every_text(reports), {"KD-000", str(apart)}) == []
    again = run_plan(plan, output=reports, private=apart)
    assert again.studies[0].unchanged


def test_without_asking_no_customer_level_table_is_written(small):
    run_plan(small / "data" / "plan.yaml", output=small / "reports")
    assert leaks(every_text(small / "reports"), {"KD-000"}) == []
    assert sorted(p.name for p in small.iterdir()) == ["data", "reports"]


@pytest.mark.parametrize(
    "place", ["reports", "reports/inside", "elsewhere/../reports/x", "link/x", "other/small/apart"]
)
def test_a_folder_among_reports_is_refused(small, place, coroi_here):
    (small / "reports").mkdir()
    (small / "elsewhere").mkdir()
    (small / "link").symlink_to(small / "reports", target_is_directory=True)
    (small / "other" / "small" / "abc").mkdir(parents=True)
    (small / "other" / "index.html").write_text("reports of another day")
    (small / "other" / "small" / "abc" / "run.json").write_text("{}")
    code, printed = coroi_here("run", "data/plan.yaml", "--output", "reports", "--private", place, home=small)
    assert code == 2
    assert "lies in a folder of reports" in printed
    assert not list(small.rglob("*.parquet"))


def test_the_files_of_others_are_not_touched(small, coroi_here):
    apart = small / "apart"
    apart.mkdir()
    (apart / "snapshot.parquet").write_bytes(b"mine")
    code, printed = coroi_here("run", "data/plan.yaml", "--private", "apart", home=small)
    assert code == 2
    assert "files or folders that coroi did not write there" in printed
    assert (apart / "snapshot.parquet").read_bytes() == b"mine"
    code, printed = coroi_here("run", "data/plan.yaml", "--private", "apart/snapshot.parquet", home=small)
    assert code == 2
    assert "is not a folder" in printed


def test_what_a_list_claims_outside_its_folder_is_not_touched(small):
    apart, mine = small / "apart", small / "mine.parquet"
    apart.mkdir()
    mine.write_bytes(b"mine")
    (apart / "contents.json").write_text(json.dumps({"tables": {"x": {"file": "../mine.parquet"}}}))
    run_plan(small / "data" / "plan.yaml", output=small / "reports", private=apart)
    assert mine.read_bytes() == b"mine"


STOPS = {
    "failure": 'raise ValueError("broken")',
    "stop": "import os, signal, time\nos.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(30)",
}


@pytest.mark.parametrize("how", STOPS)
def test_the_prepared_tables_are_gone_after_a_run_however_it_ends(how, small, monkeypatch):
    look = 'import os, stat\nfrom pathlib import Path\nplace = Path(os.environ["COROI_PREPARED"])'
    note = (
        f'Path({str(small / "seen.txt")!r}).write_text(f"{{place}} {{stat.S_IMODE(place.stat().st_mode):o}} '
        f"{{(place / 'tables' / 'snapshot.parquet').is_file()}}\")"
    )
    add_notebook(small / "data", "ends", f"{look}\n{note}", STOPS[how])
    code, _ = coroi("run", "data/plan.yaml", "--only", "ends", home=small)
    assert code == {"failure": 1, "stop": 130}[how]
    place, mode, there = (small / "seen.txt").read_text().split(" ")
    assert (mode, there) == ("700", "True")
    assert not Path(place).exists()
