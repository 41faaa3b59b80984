from __future__ import annotations

import copy
import re
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coroi import report
from coroi.errors import ReportError
from coroi.report.page import render_failure, render_page

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
ALT = "A curve that falls from 100 % to 80 % over twelve months."
META: dict[str, Any] = {
    "plan": "sample",
    "run": "a1b2c3d4e5",
    "study": "retention",
    "seed": 1,
    "coroi": "0.1.0",
    "commit": None,
    "command": "coroi run plan.yaml --only retention",
    "inputs": [{"table": "customers", "name": "customers.csv", "bytes": 1234, "sha256": "9f" * 32}],
    "parameters": {
        "metric": {"value": "nps", "default": "", "changed": True},
        "horizon": {"value": 0, "default": 0, "changed": False},
    },
    "versions": {"python": "3.11.2"},
}


def shown(*blocks: Any) -> nbformat.NotebookNode:
    outputs = []
    for block in blocks:
        data, metadata = block._repr_mimebundle_()
        outputs.append(new_output("display_data", data=data, metadata=metadata))
    return new_code_cell("show(result)", outputs=outputs)


def picture(caption: str = "Retention by month; n = 12.") -> Any:
    fig, ax = report.new_figure(width=2, height=1)
    ax.plot([0, 1])
    return report.figure(fig, alt=ALT, caption=caption)


def frame() -> Any:
    return report.table(pd.DataFrame({"Band": ["a"], "n": [1]}), caption="Bands", name="bands")


def render(*cells: nbformat.NotebookNode, **given: Any) -> str:
    return render_page(new_notebook(cells=list(cells)), **{"title": "Retention", "meta": META, **given})


def main_of(html: str) -> str:
    return html[html.index("<main") : html.index("</main>")]


def test_the_answer_comes_first_wherever_the_notebook_gives_it() -> None:
    html = main_of(
        render(
            new_markdown_cell("# Title of the notebook\n\nIntroduction."),
            shown(picture()),
            shown(report.headline(report.Answer("12 of 100 stay.", (("Interval", "5 to 19"),)))),
        )
    )
    assert html.index("<h1>Retention</h1>") < html.index("12 of 100 stay.") < html.index("Introduction.")
    assert html.count("12 of 100 stay.") == 1
    assert "Title of the notebook" not in html
    assert html.count("<h1") == 1


def test_figures_and_tables_are_numbered_in_order() -> None:
    html = render(shown(picture("First; n = 1."), frame()), shown(picture("Second; n = 2."), frame()))
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html)
    assert captions == [
        '<span class="counter">Figure 1.</span> First; n = 1.',
        '<span class="counter">Figure 2.</span> Second; n = 2.',
    ]
    assert re.findall(r'<figure id="(.*?)">', html) == ["figure-1", "figure-2"]
    assert '<span class="told-by"><span class="counter">Table 2.</span> Bands</span>' in html
    assert 'aria-label="Table 2. Bands"' in html
    assert 'id="table-2"' in html
    assert html.count(f'alt="{ALT}" ') + html.count(f'alt="{ALT}"/') + html.count(f'alt="{ALT}">') == 2
    assert 'width="200"' in html
    assert 'height="100"' in html


def test_headings_get_ids_and_stand_in_the_contents() -> None:
    html = render(new_markdown_cell("## What it means\n\n### Über *us*"), new_markdown_cell("## What it means"))
    assert re.findall(r'<h[23] id="([^"]+)"', html) == [
        "what-it-means",
        "uber-us",
        "what-it-means-2",
        "how-this-was-made",
    ]
    contents = html[html.index('<nav class="contents wide"') : html.index("</nav>", html.index("contents wide"))]
    assert re.findall(r'class="level-(\d)"><a href="#([^"]+)">([^<]+)<', contents) == [
        ("2", "what-it-means", "What it means"),
        ("3", "uber-us", "Über us"),
        ("2", "what-it-means-2", "What it means"),
        ("2", "how-this-was-made", "How this was made"),
    ]


def test_the_answer_stands_in_the_contents_where_there_is_one() -> None:
    html = render(shown(report.headline(report.Answer("12 of 100 stay.", ()))))
    assert '<a href="#answer">The answer</a>' in html


def test_code_and_raw_output_wait_behind_the_toggle() -> None:
    stream = new_output("stream", name="stdout", text="<b>1,204 rows</b>\n")
    value = new_output("execute_result", data={"text/plain": "Result(n=12)"}, execution_count=1)
    html = render(new_code_cell("rows = load()  # <b>", outputs=[stream, value]))
    assert re.search(r'<div class="code"><div class="highlight[^>]*>', html)
    assert '<pre class="code raw">&lt;b&gt;1,204 rows&lt;/b&gt;</pre>' in html
    assert '<pre class="code raw">Result(n=12)</pre>' in html
    assert '<input type="checkbox" id="show-code"' in html
    assert ".code { display: none;" in html


def test_a_notebook_without_code_has_no_toggle() -> None:
    assert 'id="show-code"' not in render(new_markdown_cell("## Words"))


def test_the_page_stands_alone() -> None:
    html = render(shown(picture(), frame()), new_markdown_cell("See [this](https://doi.org/1)."), subtitle="Who stays?")
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert "<title>Retention · sample</title>" in html
    assert '<a class="skip" href="#content">' in html
    assert '<main id="content"' in html
    assert html.count("<style>") == 1
    assert "<script" not in html
    assert not re.search(r'(?:src|srcset)="(?!data:)|url\(|@import', html)
    assert [link for link in re.findall(r"<link [^>]+>", html) if 'href="data:,"' not in link] == []


def test_how_it_was_made() -> None:
    html = main_of(render(new_markdown_cell("## Words")))
    made = html[html.index('<section class="made">') :]
    assert "<pre><code>coroi run plan.yaml --only retention</code></pre>" in made
    assert "9f" * 32 in made
    assert "Commit" not in made
    rows = re.findall(r"<tr>(.*?)</tr>", made)
    told = [re.sub(r"<[^>]+>", "|", row).strip("|").replace("||", "|") for row in rows]
    assert "metric|nps|(empty)|changed" in told
    assert "horizon|0|0|as default" in told
    assert "python|3.11.2" in told


def test_breadcrumbs_lead_up_and_nowhere_else() -> None:
    html = render(breadcrumbs=[("Reports", "../../../index.html"), ("sample", "../../index.html")])
    assert '<a href="../../../index.html">Reports</a>' in html
    assert '<li aria-current="page">Retention</li>' in html
    for href in ("https://example.org", "//example.org", "/etc", "\\\\host", "javascript:alert(1)", " java\nscript:x"):
        with pytest.raises(ReportError, match="only to pages beside it"):
            render(breadcrumbs=[("x", href)])


def test_equal_inputs_give_equal_bytes_and_the_notebook_is_left_alone() -> None:
    notebook = new_notebook(
        cells=[shown(report.headline(report.Answer("12 stay.", ())), picture(), frame()), new_markdown_cell("## A")]
    )
    before = copy.deepcopy(notebook)
    first = render_page(notebook, title="t", meta=META)
    assert render_page(notebook, title="t", meta=META) == first
    assert notebook == before


def test_a_notebook_is_read_from_its_path(tmp_path: Any) -> None:
    path = tmp_path / "study.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("## From a file")]), path)
    assert "From a file" in render_page(path, title="t", meta={})


PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (new_output("display_data", data={"image/png": PNG}), "A figure has no caption"),
        (
            new_output("display_data", data={"image/png": PNG}, metadata={"coroi": {"kind": "figure", "caption": "c"}}),
            "A figure has no alternative text",
        ),
        (
            new_output(
                "display_data",
                data={"image/png": PNG},
                metadata={"image/png": {"alt": "a chart"}, "coroi": {"kind": "figure", "caption": "c"}},
            ),
            "is a placeholder: 'a chart'",
        ),
        (
            new_output("execute_result", data={"text/html": "<table></table>", "text/plain": "x"}),
            "shows text/html that a page cannot take. Use report.table",
        ),
        (new_output("display_data", data={"image/svg+xml": "<svg/>"}), "shows image/svg+xml"),
        (new_output("stream", name="stderr", text="UserWarning: x\n  more"), "wrote to stderr: UserWarning: x"),
        (new_output("error", ename="ValueError", evalue="bad", traceback=["secret"]), "ended with ValueError: bad"),
    ],
)
def test_what_a_page_may_not_show_is_refused_with_its_cell(output: nbformat.NotebookNode, message: str) -> None:
    with pytest.raises(ReportError) as error:
        render(new_markdown_cell("## A"), new_code_cell("x", outputs=[output]))
    assert str(error.value).startswith("notebook cell 2: ")
    assert message in str(error.value)
    assert "secret" not in str(error.value)


def test_all_problems_are_told_together() -> None:
    bad = new_output("display_data", data={"image/png": PNG})
    with pytest.raises(ReportError) as error:
        render(new_code_cell("x", outputs=[bad]), new_markdown_cell("![a picture](https://example.org/a.png)"))
    assert [problem.where for problem in error.value.problems] == ["notebook cell 1", "notebook cell 2"]


def test_hostile_text_is_escaped_in_every_slot() -> None:
    hostile_meta = {
        **dict.fromkeys(("plan", "run", "study", "seed", "coroi", "commit", "command"), HOSTILE),
        "inputs": [{"table": HOSTILE, "name": HOSTILE, "bytes": 1, "sha256": HOSTILE}],
        "parameters": {HOSTILE: {"value": HOSTILE, "default": HOSTILE, "changed": True}},
        "versions": {HOSTILE: HOSTILE},
    }
    html = render(
        new_markdown_cell(f"## {HOSTILE}\n\n{HOSTILE}\n\n<iframe src=x></iframe>\n\n[x](javascript:alert(1))"),
        new_code_cell(f"x = '''{HOSTILE}'''", outputs=[new_output("stream", name="stdout", text=HOSTILE)]),
        shown(picture(HOSTILE), report.prose(HOSTILE)),
        title=HOSTILE,
        subtitle=HOSTILE,
        meta=hostile_meta,
        breadcrumbs=[(HOSTILE, "index.html")],
    )
    assert "<script" not in html
    assert "<iframe" not in html
    assert "javascript:" not in html
    assert re.findall(r"<img [^>]*onerror", html) == []
    assert html.count("<img ") == 1
    failed = render_failure(HOSTILE, "failed", HOSTILE, hostile_meta, breadcrumbs=[(HOSTILE, "index.html")])
    assert "<script" not in failed
    assert "<img" not in failed


@pytest.mark.parametrize("status", ["failed", "timeout", "kernel-died", "interrupted", "skipped"])
def test_a_study_without_an_answer_says_what_happened_and_the_way_out(status: str) -> None:
    html = main_of(render_failure("Retention", status, "`responses` is missing.\n\nSecond line.", META))
    sentence = re.search(r'<p class="answer-sentence">([^<]+)</p>', html)
    assert sentence is not None
    assert sentence[1].startswith("This study")
    assert "<p><code>responses</code> is missing.</p>" in html
    assert "<p>Second line.</p>" in html
    assert "What to do" in html
    assert "coroi run plan.yaml" in html


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ReportError, match=r"no status 'skiped'.* Did you mean 'skipped'"):
        render_failure("Retention", "skiped", "x", META)
