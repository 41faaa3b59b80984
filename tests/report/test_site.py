from __future__ import annotations

from typing import Any

import pytest

from coroi.errors import ReportError
from coroi.report.site import render_plan_index, render_site_index

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def study(run: str, **changes: Any) -> dict[str, Any]:
    return {
        "study": "retention",
        "title": "Retention",
        "status": "ok",
        "headline": f"Answer of {run}.",
        "message": "",
        "href": f"{run}/retention/index.html",
        **changes,
    }


def run(name: str, finished: str, **changes: Any) -> dict[str, Any]:
    return {"run": name, "plan": "sample", "finished": finished, "studies": [study(name, **changes)]}


OLD, NEW = run("aaaaaaaaaa", "2026-11-20T07:05:00+00:00"), run("bbbbbbbbbb", "2026-11-22T18:30:00+00:00")


def test_the_newest_run_comes_first_and_older_ones_follow() -> None:
    html = render_plan_index("sample", [OLD, NEW])
    assert html == render_plan_index("sample", [NEW, OLD])
    latest, earlier = html.index("Latest run"), html.index("Earlier runs")
    assert latest < html.index("Answer of bbbbbbbbbb.") < earlier < html.index("Answer of aaaaaaaaaa.")
    assert "finished 22 November 2026, 18:30 UTC" in html
    assert '<a href="bbbbbbbbbb/retention/index.html">Retention</a>' in html
    assert '<a href="../index.html">Reports</a>' in html


def test_a_study_without_an_answer_tells_its_state_by_word_and_shape() -> None:
    missing = run("cccccccccc", "2026-11-22", status="skipped", headline="", message="`responses` is missing.")
    html = render_plan_index("sample", [missing])
    assert "Not possible with these data" in html
    assert "<code>responses</code> is missing." in html
    assert html.count("<svg") == 1


def test_one_run_leaves_no_list_of_earlier_ones() -> None:
    assert "Earlier runs" not in render_plan_index("sample", [NEW])
    assert "No run has finished yet." in render_plan_index("sample", [])


def test_the_site_lists_plans_with_their_newest_run() -> None:
    html = render_site_index([{"plan": "sample", "href": "sample/index.html", "runs": [OLD, NEW]}])
    assert '<h2><a href="sample/index.html">sample</a></h2>' in html
    assert '<a href="sample/bbbbbbbbbb/retention/index.html">Retention</a>' in html
    assert "2 runs; the latest finished 22 November 2026, 18:30 UTC" in html
    assert "aaaaaaaaaa" not in html
    assert "No plan has been run yet." in render_site_index([])


def test_hostile_text_is_escaped_and_foreign_links_are_refused() -> None:
    hostile = run("dddddddddd", HOSTILE, title=HOSTILE, headline=HOSTILE)
    failed = run(HOSTILE, "2026-11-22", status="failed", message=HOSTILE, href="x/index.html")
    site = [{"plan": HOSTILE, "href": "p/index.html", "runs": [hostile, failed]}]
    for html in (render_plan_index(HOSTILE, [hostile, failed]), render_site_index(site)):
        assert "<script" not in html
        assert "<img" not in html
    with pytest.raises(ReportError, match="only to pages beside it"):
        render_plan_index("sample", [run("e", "2026-11-22", href="https://example.org/")])
    with pytest.raises(ReportError, match="only to pages beside it"):
        render_site_index([{"plan": "p", "href": "javascript:x", "runs": []}])
