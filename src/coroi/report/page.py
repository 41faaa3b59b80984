"""One study, one page: offline, the answer first, the code behind a toggle, and at the end how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from coroi.errors import ReportError, did_you_mean
from coroi.report.blocks import inline
from coroi.report.export import TEMPLATES, Heading, export_body
from coroi.report.tables import table

Crumbs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says of a study that gave no answer."""

    sentence: str
    way_out: str


_STATUSES = {
    "failed": Told(
        "This study failed before it could answer.",
        "Correct what the message names and run the command below again. The other studies of the run stand. If the "
        "message does not help, open the study's notebook in JupyterLab and run it from the top.",
    ),
    "timeout": Told(
        "This study was stopped: it took longer than it was given.",
        "Give it more time with --timeout SECONDS, or a smaller question by its parameters.",
    ),
    "kernel-died": Told(
        "This study's process died before it could answer.",
        "That is most often a lack of memory. Close other programs, or take longer periods or fewer customers, and run "
        "the command below again.",
    ),
    "interrupted": Told(
        "This study was interrupted before it could answer.",
        "Run the command below again; studies that are done are not repeated.",
    ),
    "skipped": Told(
        "This study cannot be done with these data.",
        "Add what is missing to the plan, and run the command below again.",
    ),
}


def render_page(
    notebook: nbformat.NotebookNode | Path | str,
    *,
    title: str,
    subtitle: str = "",
    meta: Mapping[str, Any],
    breadcrumbs: Crumbs = (),
) -> str:
    """Render an executed notebook as one HTML page that needs nothing else.

    Parameters
    ----------
    notebook : nbformat.NotebookNode or path
        Executed notebook.
    title, subtitle : str
        The study's name and its question.
    meta : Mapping
        The study's manifest: plan, run, study, command, inputs, parameters, seed, coroi, commit, versions.
    breadcrumbs : sequence of (str, str)
        Label and relative address of the pages above.

    Raises
    ------
    ReportError
        With every output of the notebook that a page may not show, each by its cell.
    """
    node = notebook if isinstance(notebook, nbformat.NotebookNode) else nbformat.read(str(notebook), as_version=4)
    body = export_body(node)
    first = [Heading(2, "answer", "The answer")] if body.answer else []
    headings = [*first, *body.headings, Heading(2, "how-this-was-made", "How this was made")]
    return fill(
        "page.html.j2",
        **_frame(title, meta, breadcrumbs),
        subtitle=subtitle,
        body=body,
        headings=headings,
        made=_made(meta),
    )


def render_failure(title: str, status: str, message: str, meta: Mapping[str, Any], *, breadcrumbs: Crumbs = ()) -> str:
    """Render the page of a study that gave no answer: what happened, and the way out.

    Parameters
    ----------
    title : str
        The study's name.
    status : str
        "failed", "timeout", "kernel-died", "interrupted" or "skipped".
    message : str
        What went wrong or what is missing, in words; its lines become paragraphs.
    meta, breadcrumbs
        As in :func:`render_page`.
    """
    if status not in _STATUSES:
        raise ReportError(
            f"There is no status '{status}' of a study without an answer. {did_you_mean(status, _STATUSES)}"
        )
    lines = [line for line in message.splitlines() if line.strip()]
    frame = _frame(title, meta, breadcrumbs)
    return fill("failure.html.j2", **frame, told=_STATUSES[status], inline=inline, lines=lines, made=_made(meta))


def fill(template: str, **values: Any) -> str:
    """Fill one of the room's templates, with everything escaped that is not HTML of ours."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)


def local(href: str) -> str:
    """Return an address if it points to a file beside the page, and refuse it otherwise."""
    if urlsplit(href).scheme or href.strip().startswith(("/", "\\")):
        raise ReportError(f"A page may link only to pages beside it, not to '{href}'.")
    return href


def _frame(title: str, meta: Mapping[str, Any], breadcrumbs: Crumbs) -> dict[str, Any]:
    return {
        "title": title,
        "tab_title": " · ".join(part for part in (title, str(meta.get("plan", ""))) if part),
        "breadcrumbs": [(label, local(href)) for label, href in breadcrumbs],
        "here": title,
    }


def _made(meta: Mapping[str, Any]) -> Markup:
    return Markup("\n").join(_made_parts(meta))


def _made_parts(meta: Mapping[str, Any]) -> Iterator[Markup]:
    facts = [(label, meta[key]) for label, key in _FACTS if meta.get(key) is not None]
    rows = Markup("").join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(label, value) for label, value in facts)
    if facts:
        yield Markup('<dl class="card">{}</dl>').format(rows)
    if meta.get("command"):
        yield Markup("<h3>To make it again</h3><pre><code>{}</code></pre>").format(meta["command"])
    for caption, name, rows_of in (
        ("Parameters; those marked were changed from their defaults", "parameters", _parameters),
        ("Files that went in, with their SHA-256", "inputs", _inputs),
        ("Versions", "versions", _versions),
    ):
        if meta.get(name):
            yield table(rows_of(meta[name]), caption=caption, name=name).html


_FACTS = (
    ("Plan", "plan"),
    ("Run", "run"),
    ("Study", "study"),
    ("Seed", "seed"),
    ("coroi", "coroi"),
    ("Commit", "commit"),
)


def _parameters(parameters: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    rows = [
        (name, _plain(p["value"]), _plain(p["default"]), "changed" if p["changed"] else "as default")
        for name, p in parameters.items()
    ]
    return pd.DataFrame(rows, columns=["Parameter", "Value", "Default", "Marked"])


def _inputs(inputs: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    rows = [(i["table"], i["name"], i["bytes"], i["sha256"]) for i in inputs]
    return pd.DataFrame(rows, columns=["Table", "File", "Bytes", "SHA-256"])


def _versions(versions: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(versions.items()), columns=["Package", "Version"])


def _plain(value: object) -> str:
    return "(empty)" if value == "" else str(value)
