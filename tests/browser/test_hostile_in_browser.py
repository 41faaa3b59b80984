"""Pages made from hostile content, in a real browser: shown as it stands, and doing nothing."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coroi.lab.pilot import design_pilot
from coroi.lab.pilot_options import PilotOptions
from coroi.report.page import render_failure
from coroi.report.site import render_plan_index, render_site_index
from coroi.studies.runner import Run, run_plan
from hostile import FORMULAS, SCRIPTS, SHELL, TEMPLATES, TERMINAL, hostile_company

pytestmark = pytest.mark.browser

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_FOREIGN = """() => {
  const odd = [];
  for (const e of document.querySelectorAll('*')) {
    for (const a of e.attributes) {
      if (a.name.startsWith('on') || a.name === 'srcdoc' || a.name === 'autofocus') odd.push(e.tagName + ' ' + a.name);
      const leads = ['href', 'src', 'action'].includes(a.name);
      if (leads && /^\\s*(javascript|vbscript|http)/i.test(a.value)) odd.push(a.value);
    }
    if (['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'FORM', 'BASE', 'LINK', 'AUDIO', 'VIDEO'].includes(e.tagName)
        && !(e.tagName === 'LINK' && e.rel === 'icon')) odd.push(e.tagName);
    if (e.tagName === 'IMG' && !e.src.startsWith('data:image/png')) odd.push('IMG ' + e.src);
    if (e.tagName.toLowerCase() === 'svg' && !e.classList.contains('shape')) odd.push('svg');
    if (e.tagName === 'B' || e.tagName === 'STYLE' && e.parentElement.tagName !== 'HEAD') odd.push(e.tagName);
  }
  return odd;
}"""


def open_bare(browser: Any, path: Path) -> Any:
    """Open a page without the policy that forbids scripts: what holds now holds by escaping alone."""
    html = path.read_text(encoding="utf-8")
    bare, n = _POLICY.subn("", html)
    assert n == 1
    copy = path.with_name("bare.html")
    copy.write_text(bare, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.said = []
    page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda r: None if r.url.startswith("data:") else page.said.append(r.url))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(copy.as_uri())
    page.said.remove(copy.as_uri())
    copy.unlink()
    return page


def check_inert(browser: Any, path: Path) -> str:
    """Open a page with and without its policy, touch what can be touched, and return its text."""
    page = open_bare(browser, path)
    for cell in page.locator("td, th, dd, .answer-sentence").all()[:200]:
        cell.dispatch_event("mouseover")
        cell.dispatch_event("focus")
    page.wait_for_timeout(100)
    assert page.evaluate("window.reached") is None
    assert page.evaluate(_FOREIGN) == []
    assert page.said == []
    text = page.evaluate("document.body.textContent")
    page.close()
    return str(text)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Run]]:
    folder = tmp_path_factory.mktemp("hostile")
    finished = run_plan(hostile_company(folder / "data"), output=folder / "reports")
    ran = {
        "readiness": "ok",
        "retention": "ok",
        "profit": "ok",
        "programme": "skipped",
        "pilot": "skipped",
        "roi": "ok",
        "firms": "skipped",
    }
    assert {s.study: s.status for s in finished.studies} == ran
    yield folder, finished


@pytest.mark.parametrize("study", ["readiness", "retention"])
def test_a_study_of_hostile_data_shows_it_and_does_nothing(run: tuple[Path, Run], browser: Any, study: str) -> None:
    _, finished = run
    text = check_inert(browser, finished.folder / study / "index.html")
    label = f"{SCRIPTS[1]} $x$ {TEMPLATES[0]}"
    assert label in text
    assert "people <script>.csv" in text
    assert "reached" not in {p.name for p in Path.cwd().iterdir()}


def test_flags_with_hostile_names_are_columns_of_text(run: tuple[Path, Run], browser: Any) -> None:
    _, finished = run
    page = open_bare(browser, finished.folder / "readiness" / "index.html")
    assert page.locator("thead th", has_text=SCRIPTS[2]).count() == 1
    page.close()


def test_segments_stand_on_the_page_as_they_are_written(run: tuple[Path, Run], browser: Any) -> None:
    _, finished = run
    text = check_inert(browser, finished.folder / "retention" / "index.html")
    assert SCRIPTS[0] in text
    assert FORMULAS[0] in text


def test_the_indices_show_hostile_answers_and_do_nothing(run: tuple[Path, Run], browser: Any) -> None:
    _, finished = run
    for page in (finished.index, finished.index.parents[1] / "index.html"):
        check_inert(browser, page)


def test_nothing_is_written_outside_the_reports(run: tuple[Path, Run]) -> None:
    folder, _ = run
    assert sorted(p.name for p in folder.iterdir()) == ["data", "reports"]
    names = {"people <script>.csv", "=contracts&co.csv", "answers'$(x).csv", "flags.csv", "plan.yaml"}
    assert {p.name for p in (folder / "data").iterdir()} == names


def test_no_cell_of_a_download_is_a_formula(run: tuple[Path, Run]) -> None:
    _, finished = run
    cells = 0
    for page in finished.folder.glob("*/index.html"):
        for data in re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', page.read_text(encoding="utf-8")):
            for row in csv.reader(io.StringIO(base64.b64decode(data).decode("utf-8-sig"))):
                for cell in row:
                    cells += 1
                    assert re.match(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?\Z", cell) or not cell.lstrip(" ").startswith(
                        ("=", "+", "-", "@", "\t", "\r", "＝")
                    ), cell
    assert cells > 100


def test_failures_and_lists_show_any_message_and_do_nothing(browser: Any, tmp_path: Path) -> None:
    words = (*SCRIPTS, *TEMPLATES, *FORMULAS, *SHELL, *TERMINAL)
    meta = {
        "plan": SCRIPTS[0],
        "run": SCRIPTS[1],
        "study": SCRIPTS[2],
        "command": " ".join(words),
        "inputs": [{"table": w, "name": w, "bytes": 1, "sha256": w} for w in words],
        "parameters": {w: {"value": w, "default": w, "changed": True} for w in words},
        "versions": dict.fromkeys(words, SCRIPTS[0]),
    }
    crumbs = [(SCRIPTS[5], "../index.html")]
    entries = [
        {"title": w, "status": s, "headline": w, "message": w, "href": "a/index.html"}
        for w in words
        for s in ("ok", "failed")
    ]
    runs = [{"run": SCRIPTS[0], "finished": SCRIPTS[1], "studies": entries}]
    written = {
        "failure": render_failure(SCRIPTS[4], "failed", "\n".join(words), meta, breadcrumbs=crumbs),
        "plan": render_plan_index(SCRIPTS[5], runs),
        "site": render_site_index([{"plan": SCRIPTS[0], "href": "sample/index.html", "runs": runs}]),
    }
    for name, html in written.items():
        path = tmp_path / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        text = check_inert(browser, path)
        for word in (*SCRIPTS[:4], *TEMPLATES, *SHELL[:1]):
            assert word in text, (name, word)


@pytest.mark.slow
def test_a_pilots_design_from_hostile_data_does_nothing(browser: Any, tmp_path: Path) -> None:
    plan = hostile_company(tmp_path / "data")
    designed = design_pilot(plan, options=PilotOptions(replications=100), output=tmp_path / "reports")
    assert f"{SCRIPTS[1]} $x$ {TEMPLATES[0]}" in check_inert(browser, designed.page)


def test_the_check_itself_can_fail(browser: Any, tmp_path: Path) -> None:
    sound = render_failure("title", "failed", "message", {}, breadcrumbs=[])
    for i, payload in enumerate((SCRIPTS[0], SCRIPTS[1], SCRIPTS[2], SCRIPTS[6])):
        path = tmp_path / f"broken-{i}.html"
        path.write_text(sound.replace("message", payload), encoding="utf-8")
        with pytest.raises(AssertionError):
            check_inert(browser, path)
