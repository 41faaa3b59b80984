"""A notebook's parameters are read without running it, and given values are checked before any kernel starts."""

from __future__ import annotations

import json

import pytest

from coroi.errors import PlanError
from coroi.studies.parameters import Parameter, Typed, check_parameters, parse_assignment, read_parameters

FORM = "Write one `name: type = default  # sentence` a line; types: int, float, str, bool."
CELL = """\
# Parameters of the study.
horizon: int = 0  # [0, 120] Periods to follow customers; 0 takes the plan's.
level: float = 1  # [0.5, 1] Level of intervals.
metric: str = ""  # Metric to band customers by.
estimator: str = "km"  # {km, "life table", hazard} How curves are estimated.
weighted: bool = False  # Weight answers; {not} choices.
shift: int = -1  # [-12, 0] Periods to shift, "#" and all.
"""


def cell(source, tags=("parameters",), kind="code"):
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source, "outputs": []}


@pytest.fixture
def notebook(tmp_path):
    def write(*cells):
        built = [c if isinstance(c, dict) else cell(c) for c in cells]
        path = tmp_path / "study.ipynb"
        path.write_text(json.dumps({"cells": built, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return path

    return write


@pytest.fixture
def refused(notebook):
    def refused(*cells):
        with pytest.raises(PlanError) as error:
            read_parameters(notebook(*cells))
        return [str(p) for p in error.value.problems]

    return refused


def test_the_cell_is_read_with_bounds_choices_and_sentences(notebook):
    path = notebook(cell("# title", (), "markdown"), cell("import os", ()), CELL.splitlines(keepends=True))
    read = read_parameters(path)
    assert list(read) == ["horizon", "level", "metric", "estimator", "weighted", "shift"]
    assert read["horizon"] == Parameter(
        name="horizon", type="int", default=0, low=0.0, high=120.0,
        sentence="Periods to follow customers; 0 takes the plan's.",
    )  # fmt: skip
    assert (read["level"].default, type(read["level"].default)) == (1.0, float)
    assert read["estimator"].choices == ("km", "life table", "hazard")
    assert read["weighted"].sentence == "Weight answers; {not} choices."
    assert (read["shift"].default, read["shift"].low, read["shift"].high) == (-1, -12.0, 0.0)
    assert read["shift"].sentence == 'Periods to shift, "#" and all.'


def test_an_empty_cell_means_no_parameters(notebook):
    assert read_parameters(notebook("")) == {}
    assert read_parameters(notebook("# None.\n")) == {}


LINES = [
    ("x = 5  # A.", "'x' has no type."),
    ("x: list = []  # A.", "'x' has the type \"list\"."),
    ("x: int | None = None  # A.", "'x' has the type \"int | None\"."),
    ("x: int  # A.", "'x' has no plain value as its default: a computed one goes stale."),
    ("x: int = 2 * y  # A.", "'x' has no plain value as its default: a computed one goes stale."),
    ("x: int = abs(-3)  # A.", "'x' has no plain value as its default: a computed one goes stale."),
    ("x: int = 5", "'x' has no sentence that says what it means."),
    ("x: int = 5  # [0, 9]", "'x' has no sentence that says what it means."),
    ("x: int = 5  # A = b.", "'x' has a '=' in its comment."),
    ("x: int = 5  # [0 9] A.", "'x' has bounds that are not `[low, high]`."),
    ("x: int = 5  # [9, 0] A.", "'x' has bounds that are not `[low, high]`."),
    ("x: int = 5  # [low, 9] A.", "'x' has bounds that are not `[low, high]`."),
    ('x: str = "a"  # {a, b A.', "'x' has choices that are not `{a, b, c}` of its type."),
    ('x: str = "a"  # {} A.', "'x' has choices that are not `{a, b, c}` of its type."),
    ("x: int = 1  # {1, two} A.", "'x' has choices that are not `{a, b, c}` of its type."),
    ("x: int = 10  # [0, 9] A.", "'x' has a default that it refuses: 10 is not a whole number from 0 to 9."),
    ("x: int = 1.5  # A.", "'x' has a default that it refuses: 1.5 is not a whole number."),
    ("x: int = True  # A.", "'x' has a default that it refuses: true is not a whole number."),
    ('x: str = "c"  # {a, b} A.', "'x' has a default that it refuses: \"c\" is not one of \"a\", \"b\"."),
    ("x: int = [1]  # A.", "'x' has a default that it refuses: [1] is not a whole number."),
    ("import os", "this is not a parameter."),
    ("a.b: int = 5  # A.", "this is not a parameter."),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_each_wrong_line_is_told_with_notebook_cell_and_line(refused, line, expected):
    assert refused(cell("", ()), f"ok: int = 1  # Fine.\n{line}\n") == [f"study.ipynb cell 2 line 2: {expected} {FORM}"]


def test_all_wrong_lines_are_told_together(refused):
    assert refused("x: int = 1  # A.\nx: int = 2  # A.\ny = 3\nz: int = 1; w: int = 2  # Two.\n") == [
        f"study.ipynb cell 1 line 2: 'x' stands twice. {FORM}",
        f"study.ipynb cell 1 line 3: 'y' has no type. {FORM}",
        f"study.ipynb cell 1 line 4: two parameters stand on one line. {FORM}",
    ]


def test_a_cell_that_is_not_python_is_told_not_run(refused):
    assert refused("%matplotlib inline\n") == [f"study.ipynb cell 1 line 1: the parameters cell is not Python. {FORM}"]


def test_one_code_cell_carries_the_tag(refused):
    fix = "Tag one cell, even if it is empty."
    assert refused(cell("", ())) == [f"study.ipynb: no code cell is tagged `parameters`. {fix}"]
    assert refused("", cell("", ()), "") == [f"study.ipynb cells 1, 3: 2 code cells are tagged `parameters`. {fix}"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 5}', '{"cells": ["a"]}', "[" * 100_000])
def test_a_file_that_is_no_notebook_is_told(tmp_path, text):
    path = tmp_path / "study.ipynb"
    path.write_text(text)
    resolved, problems = check_parameters(path, {}, "studies.x")
    assert resolved == {}
    assert list(map(str, problems)) == ["study.ipynb: the file is not a notebook. Save it again as .ipynb."]


def test_a_missing_notebook_is_told(tmp_path):
    _, problems = check_parameters(tmp_path / "study.ipynb", {}, "studies.x")
    assert list(map(str, problems)) == ["study.ipynb: the notebook cannot be opened. Check its path."]


MORE = ("more-parameters",)


def test_further_cells_of_parameters_are_read_before_the_one_whose_values_are_put_in(notebook):
    path = notebook(
        cell("b: int = 1  # [0, 9] B.", MORE),
        cell("import os", ()),
        cell('a: str = "x"  # A.\nd: bool = True  # D.', MORE),
        cell("# not code", MORE, "markdown"),
        "c: float = 0.5  # [0, 1] C.",
    )
    assert list(read_parameters(path)) == ["b", "a", "d", "c"]
    resolved, problems = check_parameters(path, {"b": 3, "c": 0.25}, "studies.x")
    assert (resolved, problems) == ({"b": 3, "a": "x", "d": True, "c": 0.25}, [])
    _, problems = check_parameters(path, {"b": 10}, "studies.x")
    assert [str(p) for p in problems] == ["studies.x.b: 10 is not a whole number from 0 to 9."]


def test_a_further_cell_after_the_parameters_is_refused(refused):
    assert refused("a: int = 1  # A.", cell("b: int = 1  # B.", MORE)) == [
        "study.ipynb cell 2: it is tagged `more-parameters` and stands after the cell tagged `parameters`, whose "
        "values would not reach it. Move it before that cell."
    ]


def test_a_name_that_stands_in_two_cells_is_refused_with_its_place(refused):
    assert refused(cell("a: int = 1  # A.", MORE), "b: int = 2  # B.\na: int = 3  # Another.") == [
        f"study.ipynb cell 2 line 2: 'a' stands twice. {FORM}"
    ]
    assert refused(cell("a: int = 1  # A.\nx = 2", MORE), "y: int = z  # Y.") == [
        f"study.ipynb cell 1 line 2: 'x' has no type. {FORM}",
        f"study.ipynb cell 2 line 1: 'y' has no plain value as its default: a computed one goes stale. {FORM}",
    ]


def test_further_parameters_without_the_cell_that_takes_values_are_refused(refused):
    assert refused(cell("a: int = 1  # A.", MORE)) == [
        "study.ipynb: no code cell is tagged `parameters`. Tag one cell, even if it is empty."
    ]


def test_values_go_over_defaults(notebook):
    resolved, problems = check_parameters(notebook(CELL), {"horizon": 24, "level": 1, "weighted": True}, "studies.x")
    assert problems == []
    assert resolved == {
        "horizon": 24, "level": 1.0, "metric": "", "estimator": "km", "weighted": True, "shift": -1,
    }  # fmt: skip
    assert [type(v) for v in resolved.values()] == [int, float, str, str, bool, int]


WRONG = [
    ("horizn", 5, "studies.x.horizn: the notebook has no parameter of this name. Did you mean 'horizon'?"),
    ("zzz", 5, "studies.x.zzz: the notebook has no parameter of this name. Known: estimator, horizon, level, metric, "
     "shift, weighted."),
    ("horizon", True, "studies.x.horizon: true is not a whole number from 0 to 120."),
    ("horizon", 2.0, "studies.x.horizon: 2 is not a whole number from 0 to 120."),
    ("horizon", "12", 'studies.x.horizon: "12" is not a whole number from 0 to 120.'),
    ("horizon", 121, "studies.x.horizon: 121 is not a whole number from 0 to 120."),
    ("horizon", -1, "studies.x.horizon: -1 is not a whole number from 0 to 120."),
    ("horizon", None, "studies.x.horizon: nothing is not a whole number from 0 to 120. Leave it out to take 0."),
    ("level", float("nan"), "studies.x.level: nan is not a number from 0.5 to 1."),
    ("level", float("inf"), "studies.x.level: inf is not a number from 0.5 to 1."),
    ("level", True, "studies.x.level: true is not a number from 0.5 to 1."),
    ("level", 10**400, "studies.x.level: 1" + "0" * 59 + " is not a number from 0.5 to 1."),
    ("weighted", "no", 'studies.x.weighted: "no" is not true or false. Write false.'),
    ("weighted", 1, "studies.x.weighted: 1 is not true or false. Write true."),
    ("metric", 5, "studies.x.metric: 5 is not text. Put it in quotes."),
    ("metric", "csat", "studies.x.metric: \"csat\" is not one of the plan's metrics. Known: ces, nps."),
    ("estimator", "hazrd", 'studies.x.estimator: "hazrd" is not one of "km", "life table", "hazard". Did you mean '
     "'hazard'?"),
    ("estimator", ["km"], 'studies.x.estimator: ["km"] is not one of "km", "life table", "hazard".'),
    ("api_key", "abcdef", "studies.x.api_key: this looks like a secret; parameters are stored in the report. Take it "
     "out of the plan: connections come from the environment."),
    ("metric", "postgres://me@host", "studies.x.metric: this looks like a secret; parameters are stored in the report. "
     "Take it out of the plan: connections come from the environment."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), WRONG, ids=[f"{n}-{str(v)[:20]}" for n, v, _ in WRONG])
def test_each_wrong_value_is_one_whole_message(notebook, name, value, expected):
    resolved, problems = check_parameters(notebook(CELL), {name: value}, "studies.x", metrics=["nps", "ces"])
    assert list(map(str, problems)) == [expected]
    assert resolved == {name: p.default for name, p in read_parameters(notebook(CELL)).items()}


def test_all_wrong_values_are_told_together(notebook):
    _, problems = check_parameters(notebook(CELL), {"a": 1, "horizon": "x", "level": 0.9}, "-p x")
    assert [p.where for p in problems] == ["-p x.a", "-p x.horizon"]


@pytest.mark.parametrize("value", ["nps", ""])
def test_a_metric_of_the_plan_or_none_is_fine(notebook, value):
    assert check_parameters(notebook(CELL), {"metric": value}, "studies.x", metrics=["nps"])[1] == []


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("x.horizon=12", "horizon", 12), ("x.horizon= 12 ", "horizon", 12), ("x.level=1", "level", 1.0),
        ("x.metric=2016", "metric", "2016"), ("x.metric=true", "metric", "true"), ("x.metric=", "metric", ""),
        ("x.metric=a=b.c", "metric", "a=b.c"), ("x.weighted=true", "weighted", True),
    ],
)  # fmt: skip
def test_typed_text_is_read_by_its_parameter_s_type(notebook, text, name, value):
    study, given, typed = parse_assignment(text)
    resolved, problems = check_parameters(notebook(CELL), {given: typed}, "-p x")
    assert (study, given, problems) == ("x", name, [])
    assert resolved[name] == value
    assert type(resolved[name]) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.weighted=no", '-p x.weighted: "no" is not true or false. Write false.'),
        ("x.horizon=[1]", '-p x.horizon: "[1]" is not a whole number from 0 to 120.'),
        ("x.horizon=1.5", "-p x.horizon: 1.5 is not a whole number from 0 to 120."),
        ("x.level=.nan", '-p x.level: ".nan" is not a number from 0.5 to 1.'),
        ("x.level=1e999", "-p x.level: inf is not a number from 0.5 to 1."),
        ("x.horizon=", "-p x.horizon: nothing is not a whole number from 0 to 120. Leave it out to take 0."),
    ],
)
def test_typed_text_that_does_not_fit(notebook, text, expected):
    _, name, typed = parse_assignment(text)
    _, problems = check_parameters(notebook(CELL), {name: typed}, "-p x")
    assert list(map(str, problems)) == [expected]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("horizon=5", '"horizon"'),
        ("x.horizon", "a text without '='"),
        (".a=5", '".a"'),
        ("x.=5", '"x."'),
        ("", "a text without '='"),
    ],
)
def test_an_assignment_has_study_name_and_value(text, given):
    with pytest.raises(PlanError) as error:
        parse_assignment(text)
    assert str(error.value) == f"-p: {given} does not name a parameter. Write -p study.name=value."


def test_typed_text_is_text():
    assert isinstance(parse_assignment("a.b=c")[2], Typed)
    assert parse_assignment("a.b=c") == ("a", "b", "c")
