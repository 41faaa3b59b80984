"""YAML read as plain values with the line of each: no tags, no anchors, no surprises of type."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from coroi.errors import PlanError, Problem, did_you_mean

Loc = tuple[str | int, ...]
MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 20_000
MAX_TEXT = 10_000

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+)\Z")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}
_HINTS = {
    "'\\t'": "A tab stands where blanks belong.",
    "cannot start any token": "Put text that begins with %, @ or ` in quotes.",
    "scanning an alias": "Put text that begins with * in quotes.",
    "scanning an anchor": "Put text that begins with & in quotes.",
    "mapping values are not allowed": "Put text that holds ': ' in quotes, and check the indentation.",
    "scanning a quoted scalar": "A quotation mark opens and never closes.",
    "expected ',' or": "A bracket opens and never closes.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at one place of the file."""

    loc: Loc
    what: str
    fix: str = ""
    line: int | None = None  # None: the line of `loc`, or of the nearest key above it


@dataclass(slots=True)
class Document:
    """A YAML file as plain values.

    Parameters
    ----------
    name : str
        The file's name, for messages.
    data : dict
        Mappings, lists, text, numbers, true, false and null; keys are always text, as written.
    lines : dict of tuple to int
        Line of every key and list item; items count from 0.
    findings : list of Finding
        Keys that stand twice, numbers without an end.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Loc, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def problem(self, finding: Finding) -> Problem:
        """Name the line and the dotted key of a finding."""
        dotted = dotted_key(self.written(finding.loc))
        what = f"{dotted}: {finding.what}" if dotted else finding.what
        return Problem(f"{self.name} line {self.line_of(finding)}", what, finding.fix)

    def line_of(self, finding: Finding) -> int:
        """Return the line of a finding, counted from 1."""
        loc = self.written(finding.loc)
        above = (loc[:n] for n in range(len(loc), -1, -1))
        return finding.line or next(self.lines[place] for place in above if place in self.lines)

    def written(self, loc: Loc) -> Loc:
        """Take out the indices that the file lacks, where one item stands bare instead of in a list."""
        written: Loc = ()
        for part in loc:
            if isinstance(part, str) or (*written, part) in self.lines:
                written = (*written, part)
        return written


def dotted_key(loc: Loc) -> str:
    """Write a place as ``tables.orders.where[1].column``; items count from 1."""
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def shown(value: object) -> str:
    """Write a value for a message, short and in YAML's words."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        short = all(isinstance(v, (int, float, str, bool)) for v in value) and len(value) <= 4
        return f"[{', '.join(map(shown, value))}]" if short else "a list"
    return f"{value:g}" if isinstance(value, float) else str(value)[:60]


def read_scalar(text: str) -> str | int | float | bool | None:
    """Read unquoted text as YAML 1.2 does: ``yes``, ``no``, ``007`` and dates stay text."""
    if text.casefold() in _WORDS and text in (text.lower(), text.upper(), text.capitalize()):
        return _WORDS[text.casefold()]  # type: ignore[return-value]
    if _INT.match(text) and len(text) < 300:
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def read_yaml(path: Path) -> Document:
    """Read a YAML file into plain values, remembering lines.

    Parameters
    ----------
    path : Path
        The file; at most 1 MB of UTF-8.

    Returns
    -------
    Document

    Raises
    ------
    PlanError
        If the file is missing, empty, too large, not UTF-8, not YAML, no mapping, or holds tags, anchors or aliases.
    """
    text = _read_text(path)
    try:
        _refuse_machinery(path.name, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the latter two: numbers in escapes and directives
        raise PlanError(_unreadable(path.name, text, error)) from None
    if node is None:
        raise PlanError(Problem(path.name, "the file is empty.", "`coroi init` writes one to start from."))
    document = Document(path.name, lines={(): node.start_mark.line + 1})
    if not isinstance(node, yaml.MappingNode):
        what = "the file is not a list of keys with values."
        raise PlanError(Problem(f"{path.name} line {node.start_mark.line + 1}", what, "Begin with `name: …`."))
    document.data = _build(node, (), document)
    return document


def _read_text(path: Path) -> str:
    if path.is_dir():
        fix = f"Did you mean '{path / 'plan.yaml'}'?" if (path / "plan.yaml").is_file() else "Name the plan file in it."
        raise PlanError(Problem(str(path), "this is a folder.", fix))
    if path.exists() and not path.is_file():
        raise PlanError(Problem(str(path), "this is no regular file.", "Write the plan to a file."))
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        fix = did_you_mean(path.name, beside) if beside else "`coroi init` writes one to start from."
        raise PlanError(Problem(str(path), "there is no such file.", fix))
    if path.stat().st_size == 0:
        raise PlanError(Problem(path.name, "the file is empty.", "`coroi init` writes one to start from."))
    if path.stat().st_size > MAX_BYTES:
        what = f"the file has {path.stat().st_size:,} bytes; a plan has at most {MAX_BYTES:,}."
        raise PlanError(Problem(path.name, what, "Is it the plan, or a data file?"))
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PlanError(Problem(f"{path.name} line {line}", "the text is not UTF-8.", "Save it as UTF-8.")) from None


def _refuse_machinery(name: str, text: str) -> None:
    """Refuse tags, anchors, aliases, several documents, deep nesting and great size before anything is built."""
    problems, depth, documents, values = [], 0, 0, 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        where = f"{name} line {mark.line + 1 if mark else 1}"
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        values += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH:
            problems.append(Problem(where, f"nested more than {MAX_DEPTH} levels deep.", "A plan needs five."))
            break
        if values > MAX_VALUES:
            what = f"the file holds more than {MAX_VALUES:,} keys and values."
            problems.append(Problem(where, what, "Is it the plan, or a data file?"))
            break
        if documents > 1:
            problems.append(Problem(where, "a second document begins with '---'.", "Keep one plan a file."))
            break
        problems += [Problem(where, what, fix) for what, fix in _machinery(event)]
    if problems:
        raise PlanError(problems)


def _machinery(event: yaml.Event) -> Iterator[tuple[str, str]]:
    if getattr(event, "tag", None):
        yield "a tag (text after '!') is not allowed: a plan holds data, never code.", "Take it out, or quote the text."
    if getattr(event, "anchor", None):
        kind = "alias ('*')" if isinstance(event, yaml.AliasEvent) else "anchor ('&')"
        yield f"an {kind} is not allowed.", "Write the value out, or quote the text."
    text = getattr(event, "value", "")
    if len(text) > MAX_TEXT:
        yield f"a text of {len(text):,} characters; at most {MAX_TEXT:,} are read.", "Shorten it."
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
        yield "a text holds a zero byte or half a character, which no file can.", "Take the escape out."


def _unreadable(name: str, text: str, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
    said = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
    fix = next((hint for sign, hint in _HINTS.items() if sign in said), "Check indentation, quotes and brackets.")
    return Problem(f"{name} line {line}", "the text does not follow YAML here.", fix)


def _build(node: yaml.Node, loc: Loc, document: Document) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, loc, document)
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            document.lines[(*loc, i)] = item.start_mark.line + 1
        return [_build(item, (*loc, i), document) for i, item in enumerate(node.value)]
    value = node.value if getattr(node, "style", None) else read_scalar(node.value)
    if isinstance(value, float) and not math.isfinite(value):
        document.findings.append(Finding(loc, "this number is too large.", "Write a finite number."))
        return 0.0
    return value


def _build_mapping(node: yaml.MappingNode, loc: Loc, document: Document) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.findings.append(Finding(loc, "a key is a list or a mapping.", "A key is a name.", line))
            continue
        key = (*loc, key_node.value)
        if key_node.value in built:
            what = f"stands twice; first on line {document.lines[key]}."
            document.findings.append(Finding(key, what, "Keep one.", line))
            continue
        document.lines[key] = line
        built[key_node.value] = _build(value_node, key, document)
    return built
