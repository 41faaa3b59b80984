from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coroi import report
from coroi.report.page import render_failure, render_page
from coroi.report.site import render_plan_index, render_site_index
from coroi.results import Check, Verdict

pytestmark = pytest.mark.browser

META: dict[str, Any] = {
    "plan": "sample",
    "run": "a1b2c3d4e5",
    "study": "retention",
    "seed": 1,
    "coroi": "0.1.0",
    "commit": "0" * 40,
    "command": "coroi run plan.yaml --only retention " + "x" * 120,
    "inputs": [{"table": "customers", "name": "customers.csv", "bytes": 1234, "sha256": "9f" * 32}],
    "parameters": {"metric": {"value": "nps", "default": "", "changed": True}},
    "versions": {"python": "3.11.2"},
}
VERDICT = Verdict(
    theta="retained",
    estimate=0.1,
    conf_low=0.05,
    conf_high=0.15,
    delta=0.01,
    level=0.99,
    label="contradicted",
    label_95="contradicted",
    grade="D",
)
CHECKS = [
    Check(name=str(passed), tested=f"Passed is {passed}", passed=passed, sentence="A sentence with 12 % in it.")
    for passed in (True, False, None)
]


def shown(*blocks: Any) -> Any:
    outputs = []
    for block in blocks:
        data, metadata = block._repr_mimebundle_()
        outputs.append(new_output("display_data", data=data, metadata=metadata))
    outputs.append(new_output("stream", name="stdout", text="loaded " * 60))
    return new_code_cell(
        "value = 1  # a comment\nreport.table(frame, caption='A table')" + "  # long" * 30, outputs=outputs
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    fig, ax = report.new_figure()
    ax.plot([0, 1, 2], [1, 0.9, 0.8], label="9–10")
    report.finding(ax, "Customers who score 9 or 10 stay longest", "Share retained by month")
    report.label_lines(ax)
    alt = "A curve that falls from 100 % at the start to 80 % after two months."
    wide = pd.DataFrame({f"A rather long name of column {i}": [f"text {i}", "more"] for i in range(9)})
    answer = report.Answer("About 12 of every 1,000 customers stay, 5 to 19.", (("Interval", "5 to 19"),), VERDICT)
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Retention\n\nWords and `code`.\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            shown(report.headline(answer)),
            shown(report.figure(fig, alt=alt, caption="Retention; n = 12.")),
            new_markdown_cell("## Evidence\n\n### Tables\n\n> A quotation, see [Gupta](https://doi.org/10.1509/x)."),
            shown(report.table(wide, caption="A wide table", name="wide"), report.checks(CHECKS)),
            shown(report.notes(["one", "two"]), report.prose("A paragraph.")),
        ]
    )
    crumbs = [("Reports", "../../../index.html"), ("sample", "../../index.html")]
    page = render_page(notebook, title="Retention", subtitle="Who stays?", meta=META, breadcrumbs=crumbs)
    studies = [
        {"title": "Retention", "status": "ok", "headline": "12 stay.", "message": "", "href": "a/r/index.html"},
        {
            "title": "Readiness",
            "status": "failed",
            "headline": "",
            "message": "ValueError: x",
            "href": "a/s/index.html",
        },
    ]
    runs = [
        {"run": name, "finished": f"2026-11-2{i}T07:00:00+00:00", "studies": studies} for i, name in enumerate("ab")
    ]
    written = {
        "study": page,
        "failure": render_failure("Retention", "skipped", "`responses` is missing.", META, breadcrumbs=crumbs),
        "plan": render_plan_index("sample", runs),
        "site": render_site_index([{"plan": "sample", "href": "sample/index.html", "runs": runs}]),
    }
    for name, html in written.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["study", "failure", "plan", "site"])
def test_page_holds_in_a_browser(name: str, pages: Path, check_page: Any) -> None:
    check_page(pages / f"{name}.html")


def test_the_answer_is_the_largest_text_on_the_page(pages: Path, browser: Any) -> None:
    for width in (1280, 390):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((pages / "study.html").as_uri())
        size = "e => parseFloat(getComputedStyle(e).fontSize)"
        answer = page.locator(".answer-sentence").evaluate(size)
        others = page.locator("main :is(h1, h2, h3, p:not(.answer-sentence), td, dd)").all()
        assert answer > max(other.evaluate(size) for other in others)
        assert page.locator(".answer-sentence").bounding_box()["y"] < 450
        page.close()


def test_contents_stay_in_sight_when_wide_and_fold_when_narrow(pages: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 700})
    page.goto((pages / "study.html").as_uri())
    page.evaluate("window.scrollTo(0, 1500)")
    assert 0 <= page.locator(".contents.wide").bounding_box()["y"] < 100
    assert not page.locator(".contents.narrow").is_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert not page.locator(".contents.wide").is_visible()
    entry = page.locator(".contents.narrow a").first
    assert not entry.is_visible()
    page.locator(".contents.narrow summary").click()
    assert entry.is_visible()
    page.close()


def test_a_table_can_be_downloaded(pages: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((pages / "study.html").as_uri())
    with page.expect_download() as started:
        page.locator("#table-2 .download a").click()
    assert started.value.suggested_filename == "checks.csv"
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == ["What was tested", "Outcome", "Finding"]
    page.close()


def test_an_injected_script_does_not_run(pages: Path, browser: Any, tmp_path: Path) -> None:
    html = (pages / "study.html").read_text(encoding="utf-8")
    path = tmp_path / "injected.html"
    path.write_text(html.replace("</main>", "<script>document.title = 'run'</script></main>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() == "Retention · sample"
    page.close()


def test_the_check_itself_can_fail(pages: Path, check_page: Any, tmp_path: Path) -> None:
    html = (pages / "study.html").read_text(encoding="utf-8")
    broken = {
        "wide": html.replace("<h1>", '<div style="width: 3000px">wide</div><h1>'),
        "pale": html.replace("<h1>", '<h1 style="color: #ddd">'),
        "asks": html.replace("default-src 'none'; img-src data:;", "").replace("<h1>", '<img alt="" src="x.png"><h1>'),
    }
    for name, text in broken.items():
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError, match=name):
            check_page(path)
