"""The demo as a stakeholder meets it: its pages and indices in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from coroi.studies.bundled import sample_folder
from coroi.studies.runner import Run, run_plan

pytestmark = pytest.mark.browser
STUDIES = ("readiness", "retention", "firms")
PAGES = ("index.html", "sample/index.html", *(f"sample/{{run}}/{study}/index.html" for study in STUDIES))


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, Run]:
    reports = tmp_path_factory.mktemp("reports")
    return reports, run_plan(sample_folder() / "plan.yaml", output=reports)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_holds_in_the_browser(demo, check_page, page):
    reports, run = demo
    check_page(reports / page.format(run=run.run))


def test_the_links_lead_from_the_start_to_the_answer(demo, browser):
    reports, run = demo
    page = browser.new_page()
    page.goto((reports / "index.html").as_uri())
    page.get_by_role("link", name="sample").first.click()
    page.get_by_role("link", name="Who stays").first.click()
    answer = page.locator(".answer-sentence").inner_text()
    assert "13 percentage points (95\u00a0% interval 3 to 26)" in answer
    assert page.url == (reports / "sample" / run.run / "retention" / "index.html").as_uri()
    page.close()
