"""A notebook's parameters cell, read without running it."""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coroi.errors import PlanError, Problem
from coroi.studies.yaml_lines import read_scalar, shown

TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
_KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}
MORE = "more-parameters"
_FORM = "Write one `name: type = default  # sentence` a line; types: int, float, str, bool."


class Typed(str):
    """Text typed on the command line, to be read by its parameter's type: a text parameter keeps it as it stands."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a notebook.

    Parameters
    ----------
    name : str
        Its name.
    type : str
        ``int``, ``float``, ``str`` or ``bool``.
    default : int, float, str or bool
        What holds where nothing is given.
    low, high : float or None
        Bounds, inclusive.
    choices : tuple
        The only values allowed, where there are any.
    sentence : str
        What it means.
    """

    name: str
    type: str
    default: int | float | str | bool
    low: float | None = None
    high: float | None = None
    choices: tuple[int | float | str | bool, ...] = ()
    sentence: str = ""

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        if self.choices:
            return f"one of {', '.join(map(shown, self.choices))}"
        if self.low is not None:
            return f"{_KINDS[self.type]} from {self.low:g} to {self.high:g}"
        return _KINDS[self.type]

    def accept(self, value: object) -> int | float | str | bool:
        """Return a value in the parameter's type and within its bounds.

        Raises
        ------
        ValueError
            If it is none; the text says what was expected.
        """
        if isinstance(value, Typed):
            value = str(value) if self.type == "str" else read_scalar(value.strip())
        if self.type == "float" and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            value = float(value)
        if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            raise ValueError("a text with a zero byte or half a character, which no file can hold, is given.")
        if type(value) is not TYPES[self.type] or not self._allows(value):
            raise ValueError(f"{shown(value)} is not {self.expected}.")
        return value  # type: ignore[return-value]

    def _allows(self, value: Any) -> bool:
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            return False
        return not self.choices or value in self.choices


def read_parameters(notebook: Path) -> dict[str, Parameter]:
    """Read the parameters of a notebook from its cell tagged ``parameters``, and those tagged ``more-parameters``.

    Parameters
    ----------
    notebook : Path
        The notebook; it is not run.

    Returns
    -------
    dict of str to Parameter
        By name, in the cell's order.

    Raises
    ------
    PlanError
        If the file is no notebook, has no cell tagged ``parameters`` or two, one tagged ``more-parameters`` after it,
        or a line of them is not ``name: type = default  # sentence``.

    Notes
    -----
    Given values are put right behind the cell tagged ``parameters``, so that more of them have to stand before it.
    """
    parameters: dict[str, Parameter] = {}
    problems = []
    for number, source in _parameters_cells(notebook):
        where, filled = f"{notebook.name} cell {number}", 0
        for statement, comment in _statements(where, source):
            try:
                parameter = _parameter(statement, comment)
                if statement.lineno == filled:
                    raise ValueError("two parameters stand on one line.")
                if parameter.name in parameters:
                    raise ValueError(f"'{parameter.name}' stands twice.")
                parameters[parameter.name] = parameter
            except ValueError as error:
                problems.append(Problem(f"{where} line {statement.lineno}", str(error), _FORM))
            filled = statement.end_lineno or 0
    if problems:
        raise PlanError(problems)
    return parameters


def _statements(where: str, source: str) -> list[tuple[ast.stmt, str]]:
    """Parse a cell into statements, each with the comment that ends its line."""
    try:
        statements = ast.parse(source).body
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        line = f" line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise PlanError(Problem(where + line, "the parameters cell is not Python.", _FORM)) from None
    comments = {t.start[0]: t.string.lstrip("#").strip() for t in tokens if t.type == tokenize.COMMENT}
    return [(s, comments.get(s.end_lineno or 0, "")) for s in statements]


def _parameters_cells(notebook: Path) -> list[tuple[int, str]]:
    """Return number (from 1) and source of the cells with parameters, in their order."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = [
            (i, "".join(c["source"]), set(c.get("metadata", {}).get("tags", [])))
            for i, c in enumerate(cells, 1)
            if c["cell_type"] == "code"
        ]
    except OSError:
        raise PlanError(Problem(notebook.name, "the notebook cannot be opened.", "Check its path.")) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PlanError(Problem(notebook.name, "the file is not a notebook.", "Save it again as .ipynb.")) from None
    tagged = [(i, source) for i, source, tags in code if "parameters" in tags]
    if len(tagged) != 1:
        where = f"{notebook.name}{' cells ' + ', '.join(str(i) for i, _ in tagged) if tagged else ''}"
        count = f"{len(tagged)} code cells are" if tagged else "no code cell is"
        raise PlanError(Problem(where, f"{count} tagged `parameters`.", "Tag one cell, even if it is empty."))
    more = [(i, source) for i, source, tags in code if MORE in tags and "parameters" not in tags]
    late = [i for i, _ in more if i > tagged[0][0]]
    if late:
        what = f"it is tagged `{MORE}` and stands after the cell tagged `parameters`, whose values would not reach it."
        raise PlanError(Problem(f"{notebook.name} cell {late[0]}", what, "Move it before that cell."))
    return [*more, *tagged]


def _parameter(statement: ast.stmt, comment: str) -> Parameter:
    """Read one line of the cell, or raise ValueError saying what is wrong with it."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        raise ValueError(f"'{statement.targets[0].id}' has no type.")
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        raise ValueError("this is not a parameter.")
    name = statement.target.id
    kind = statement.annotation.id if isinstance(statement.annotation, ast.Name) else ""
    if kind not in TYPES:
        raise ValueError(f"'{name}' has the type {shown(ast.unparse(statement.annotation))}.")
    try:
        default = ast.literal_eval(statement.value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise ValueError(f"'{name}' has no plain value as its default: a computed one goes stale.") from None
    if "=" in comment:
        raise ValueError(f"'{name}' has a '=' in its comment.")
    low, high, choices, sentence = _comment(name, kind, comment)
    if not sentence:
        raise ValueError(f"'{name}' has no sentence that says what it means.")
    parameter = Parameter(name=name, type=kind, default=0, low=low, high=high, choices=choices, sentence=sentence)
    try:
        return replace(parameter, default=parameter.accept(default))
    except ValueError as error:
        raise ValueError(f"'{name}' has a default that it refuses: {error}") from None


def _comment(name: str, kind: str, comment: str) -> tuple[float | None, float | None, tuple[Any, ...], str]:
    """Split a comment into bounds, choices and sentence."""
    if comment.startswith("[") and kind in {"int", "float"}:
        return *_bounds(name, comment), (), comment.partition("]")[2].strip()
    if comment.startswith("{"):
        inner, closed, sentence = comment[1:].partition("}")
        choices = tuple(_choices(kind, inner))
        if not closed or not choices or None in choices:
            raise ValueError(f"'{name}' has choices that are not `{{a, b, c}}` of its type.")
        return None, None, choices, sentence.strip()
    return None, None, (), comment


def _bounds(name: str, comment: str) -> tuple[float, float]:
    match = re.match(r"\[([^,\]]+),([^,\]]+)\]", comment)
    ends = [read_scalar(end.strip()) for end in match.groups()] if match else []
    numbers = [float(e) for e in ends if isinstance(e, (int, float)) and not isinstance(e, bool)]
    if len(numbers) != 2 or numbers[0] > numbers[1]:
        raise ValueError(f"'{name}' has bounds that are not `[low, high]`.")
    return numbers[0], numbers[1]


def _choices(kind: str, inner: str) -> Iterator[Any]:
    """Yield each choice in its type, None where it is of another."""
    plain = Parameter(name="", type=kind, default=0)
    for text in filter(None, map(str.strip, inner.split(","))):
        quoted = text[0] in "\"'" and text[-1] == text[0] and len(text) > 1
        try:
            yield plain.accept(Typed(text[1:-1] if quoted else text))
        except ValueError:
            yield None
