"""Notebooks are thin: they name what is done, and the package does it."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from coroi.studies.bundled import notebooks_folder, sample_folder
from coroi.studies.parameters import read_parameters
from coroi.studies.registry import STUDIES
from coroi.studies.runner import run_plan
from coroi.studies.tidy import KERNELSPEC

NOTEBOOKS = sorted(notebooks_folder().glob("*.ipynb"))
MAX_LINES = 10
BRANCHES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Try)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_every_study_has_a_notebook_and_every_notebook_a_study():
    assert [path.stem for path in NOTEBOOKS] == sorted(STUDIES)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request) -> Path:
    return request.param


def test_it_is_valid_and_names_the_plain_kernel(notebook):
    node = read(notebook)
    nbformat.validate(node)
    assert node.metadata["kernelspec"] == KERNELSPEC
    assert set(node.metadata) <= {"kernelspec", "language_info"}


def test_it_holds_no_output_and_no_trace_of_a_run(notebook):
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert set(cell.metadata) <= {"tags"}


def test_no_cell_is_longer_than_ten_lines(notebook):
    assert [c.source for c in code_cells(notebook) if len(c.source.splitlines()) > MAX_LINES] == []


def test_it_defines_nothing_and_loops_over_nothing(notebook):
    for cell in code_cells(notebook):
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, BRANCHES)]


def test_the_ids_of_its_cells_are_its_own(notebook):
    ids = [cell.id for cell in read(notebook).cells]
    assert len(set(ids)) == len(ids)
    assert all(name.startswith(notebook.stem) for name in ids)


def test_its_parameters_each_have_a_sentence(notebook):
    parameters = read_parameters(notebook)
    assert parameters
    assert [name for name, parameter in parameters.items() if not parameter.sentence.endswith(".")] == []


def test_it_imports_only_coroi(notebook):
    tree = ast.parse("\n".join(cell.source for cell in code_cells(notebook)))
    modules = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} == {"coroi"}


@pytest.mark.slow
def test_the_sample_gives_the_same_bytes_twice(tmp_path):
    plan = sample_folder() / "plan.yaml"
    one, two = (run_plan(plan, output=tmp_path / name).folder for name in ("one", "two"))
    assert one.name == two.name
    files = {path.relative_to(one) for path in one.rglob("*") if path.is_file()} - {Path("run.json")}
    assert files == {path.relative_to(two) for path in two.rglob("*") if path.is_file()} - {Path("run.json")}
    assert [name for name in files if (one / name).read_bytes() != (two / name).read_bytes()] == []
