"""The demo as a stakeholder meets it: run from the wheel, its pages and indices in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheels import DEMO_STUDIES, look_at_demo

PAGES = ("index.html", "sample/index.html", *(f"sample/{{run}}/{study}/index.html" for study in DEMO_STUDIES))


@pytest.fixture(scope="module")
def reports(demo) -> Path:
    return demo / "reports"


@pytest.fixture(scope="module")
def run(reports) -> str:
    (record,) = reports.glob("sample/*/run.json")
    return record.parent.name


@pytest.mark.build
def test_the_demo_runs_from_the_wheel_in_an_empty_folder(demo):
    look_at_demo(demo)


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
def test_each_page_holds_in_the_browser(reports, run, check_page, page):
    check_page(reports / page.format(run=run))


@pytest.mark.browser
def test_the_links_lead_from_the_start_to_the_answer(reports, run, browser):
    page = browser.new_page()
    page.goto((reports / "index.html").as_uri())
    page.get_by_role("link", name="sample").first.click()
    page.get_by_role("link", name="Who stays").first.click()
    answer = page.locator(".answer-sentence").inner_text()
    assert "13 percentage points (95\u00a0% interval 3 to 26)" in answer
    assert page.url == (reports / "sample" / run / "retention" / "index.html").as_uri()
    page.close()
