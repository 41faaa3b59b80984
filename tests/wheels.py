"""The wheel as its users get it: built, installed beside nothing else of ours, and run from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEMO_STUDIES = ("readiness", "retention", "profit", "firms", "programme", "pilot", "roi")


def run(*command: object, cwd: Path, environment: dict[str, str] | None = None) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COROI_", "PYTHON", "VIRTUAL_ENV", "JUPYTER"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept | (environment or {}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_demo(python: Path, folder: Path, environment: dict[str, str] | None = None) -> Path:
    """Run the demo of an environment in an empty folder; return the folder."""
    where = run(python, "-c", "import coroi; print(coroi.__file__)", cwd=folder).strip()
    assert Path(where).is_relative_to(python.parents[1])
    told = run(python.with_name("coroi"), "demo", cwd=folder, environment=environment)
    index = Path(told.splitlines()[-1].removeprefix("Report: "))
    assert index == folder / "reports" / "sample" / "index.html"
    return folder


def look_at_demo(folder: Path) -> None:
    """Hold what a demo left in its folder against what it promises."""
    (record,) = (json.loads(path.read_text()) for path in folder.glob("reports/sample/*/run.json"))
    ran = {study["study"]: study["status"] for study in record["studies"]}
    assert ran == dict.fromkeys(DEMO_STUDIES, "ok")
    for study in record["studies"]:
        page = folder / "reports" / "sample" / record["run"] / study["href"]
        assert "<h1" in page.read_text()
        assert json.loads((page.parent / "manifest.json").read_text())["commit"] is None
    assert [path.name for path in folder.iterdir()] == ["reports"]
