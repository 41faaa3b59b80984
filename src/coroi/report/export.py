"""From an executed notebook to the middle of a page, through nbconvert and a template of our own."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from coroi.errors import Problem, ReportError, raise_together
from coroi.report.blocks import MARK
from coroi.report.figures import alt_problem

TEMPLATES = Path(__file__).parent / "templates"
_PLAIN = {"text/plain"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page: its level, the id that links point to, and its text."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """A notebook as HTML: its answer, the rest in order, and the headings in it."""

    answer: Markup
    content: Markup
    headings: tuple[Heading, ...]
    has_code: bool


def export_body(notebook: NotebookNode) -> Body:
    """Turn an executed notebook into HTML, with its answer taken out to stand first.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed notebook, format 4; it is not changed.

    Raises
    ------
    ReportError
        With every output that a page may not show: errors, warnings, figures without words, foreign HTML.
    """
    raise_together(find_problems(notebook), ReportError)
    answer, rest = _take_answer(notebook)
    exporter = _PageExporter()
    content, _ = exporter.from_notebook_node(rest)
    has_code = any(cell.cell_type == "code" and cell.source.strip() for cell in rest.cells)
    return Body(answer, Markup(content), tuple(exporter.headings), has_code)  # noqa: S704 (escaped by the exporter)


def find_problems(notebook: NotebookNode) -> list[Problem]:
    """List what keeps a notebook from becoming a page, each with its cell."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            what = _output_problem(output)
            if what:
                found.append(Problem(f"notebook cell {number}", what))
        if cell.cell_type == "markdown" and "![" in cell.source:
            found.append(Problem(f"notebook cell {number}", "shows an image from Markdown.", "Use report.figure."))
    return found


def _output_problem(output: NotebookNode) -> str:
    if output.output_type == "error":
        return f"ended with {output.ename}: {output.evalue}"
    if output.output_type == "stream":
        return f"wrote to stderr: {_first_line(output.text)}" if output.name == "stderr" else ""
    data, mark = output.get("data", {}), output.get("metadata", {}).get(MARK, {})
    if "image/png" in data:
        alt = output.metadata.get("image/png", {}).get("alt", "")
        return alt_problem(alt, mark.get("caption", ""))
    foreign = sorted(set(data) - _PLAIN)
    if foreign and not mark:
        return f"shows {', '.join(foreign)} that a page cannot take. Use report.table, report.figure or report.prose."
    return ""


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:200] if text.strip() else "(blank)"


def _take_answer(notebook: NotebookNode) -> tuple[Markup, NotebookNode]:
    """Return the first headline and a copy of the notebook without it."""
    rest = NotebookNode(notebook)
    rest.cells = [NotebookNode(cell) for cell in notebook.cells]
    for cell in rest.cells:
        for i, output in enumerate(cell.get("outputs", [])):
            if output.get("metadata", {}).get(MARK, {}).get("kind") == "headline":
                cell.outputs = [*cell.outputs[:i], *cell.outputs[i + 1 :]]
                return Markup(output.data["text/html"]), rest  # noqa: S704 (made and escaped by this room)
    return Markup(""), rest


class _PageExporter(HTMLExporter):
    """Renders cells with our template, numbers figures and tables, and gathers headings."""

    def __init__(self, **options: Any) -> None:
        super().__init__(template_name="coroi", extra_template_basedirs=[str(TEMPLATES)], **options)
        self.headings: list[Heading] = []
        self.counts = {"figure": 0, "table": 0}

    def default_filters(self) -> Any:
        """Add ours to nbconvert's filters."""
        yield from super().default_filters()
        yield ("markdown2html", self.markdown2html)
        yield ("show_output", self.show_output)

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Turn Markdown into HTML: raw HTML is escaped, headings get ids."""
        return MarkdownWithMath(renderer=_Renderer(self.headings)).render(source)

    def show_output(self, output: NotebookNode) -> Markup:
        """Turn one output into HTML; what is not made for readers goes with the code."""
        data, metadata = output.get("data", {}), output.get("metadata", {})
        if output.output_type == "stream":
            return _raw(output.text)
        if "image/png" in data:
            return self._figure(data["image/png"], metadata["image/png"], metadata[MARK]["caption"])
        if metadata.get(MARK, {}).get("kind") == "table":
            return self._table(data["text/html"])
        return Markup(data["text/html"]) if MARK in metadata else _raw(data.get("text/plain", ""))  # noqa: S704

    def _figure(self, png: str, image: dict[str, Any], caption: str) -> Markup:
        name = self._next("figure")
        return Markup(
            '<figure id="{}"><img src="data:image/png;base64,{}" alt="{}" width="{}" height="{}">'
            '<figcaption><span class="counter">{}.</span> {}</figcaption></figure>'
        ).format(_slug(name), png.replace("\n", ""), image["alt"], image["width"], image["height"], name, caption)

    def _table(self, html: str) -> Markup:
        name = self._next("table")
        html = html.replace('<div class="table">', f'<div class="table" id="{_slug(name)}">', 1)
        html = html.replace('aria-label="', f'aria-label="{name}. ', 1)
        html = html.replace('<span class="told-by">', f'<span class="told-by"><span class="counter">{name}.</span> ', 1)
        return Markup(html)  # noqa: S704 (made and escaped by this room)

    def _next(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{kind.capitalize()} {self.counts[kind]}"


class _Renderer(IPythonRenderer):
    """Escapes raw HTML, refuses script links, and keeps the page's own title the only one of the first level."""

    def __init__(self, headings: list[Heading]) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self.gathered = headings
        self.titled = False

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """Give a heading its id; a notebook's own title is left out, for the page has one."""
        if level == 1:
            return ""
        plain = str(Markup(text).striptags())  # noqa: S704 (read as text)
        taken = {h.id for h in self.gathered}
        name = _slug(plain) or "section"
        unique = next(n for n in (name, *(f"{name}-{i}" for i in range(2, 1000))) if n not in taken)
        self.gathered.append(Heading(level, unique, plain))
        return f'<h{level} id="{unique}">{text}</h{level}>\n'


def _raw(text: str) -> Markup:
    return Markup('<pre class="code raw">{}</pre>').format(text.rstrip()) if text.strip() else Markup("")


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
