"""The rooms' arrows, held against every import in the code, those inside functions too."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import coroi

PACKAGE = Path(coroi.__file__).parent
LAYERS = (
    ("errors", "masking", "results", "schemas", "sources"),
    ("inference", "storage"),
    ("prepare", "metrics"),
    ("models",),
    ("roi", "claims", "company"),
    ("report",),
    ("studies",),
    ("lab",),
    ("console",),
    ("cli",),
)
LAYER = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
ABOVE_ALL = {"__init__", "__main__"}
NOT_FOR_MODELS = {"storage", "prepare"}
NOT_FOR_COMPANY = {"models"}
MODELS = {"statsmodels", "pyfixest", "sklearn"}
OPENERS = {
    "read_csv",
    "read_parquet",
    "read_excel",
    "read_table",
    "to_parquet",
    "to_excel",
    "ParquetFile",
    "load_workbook",
}
NOTEBOOK_FREE_ROOMS = {
    "errors",
    "masking",
    "results",
    "schemas",
    "sources",
    "inference",
    "models",
    "roi",
    "claims",
    "metrics",
}

MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    return module.removesuffix(".py").split("/")[0]


def imports(path: Path) -> set[str]:
    """Return every name that a file imports, in full: of `from a import b` both a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in imports(path) if name.startswith("coroi.")}
    return {name for name in names if name in LAYER}


def outside(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)} - {"coroi"}


def test_every_room_has_its_layer():
    assert {room_of(module) for module in MODULES} - ABOVE_ALL <= set(LAYER)


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) not in ABOVE_ALL])
def test_a_module_imports_from_its_own_room_and_the_layers_above_it(module):
    room = room_of(module)
    allowed = {other for other in LAYER if LAYER[other] < LAYER[room]} | {room}
    if LAYER[room] == 0:
        allowed |= set(LAYERS[0])
    if room == "models":
        allowed -= NOT_FOR_MODELS
    if room == "company":
        allowed -= NOT_FOR_COMPANY
    assert rooms_imported(MODULES[module]) <= allowed


def test_a_method_does_not_import_another_method():
    methods = {m.removesuffix(".py").replace("/", "."): path for m, path in MODULES.items() if room_of(m) == "models"}
    with_info = {name for name, path in methods.items() if "\nINFO" in path.read_text(encoding="utf-8")}
    for name in with_info:
        assert not imports(methods[name]) & {f"coroi.{other}" for other in with_info - {name}}


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) == "report"])
def test_the_report_computes_no_statistic(module):
    assert not outside(MODULES[module]) & MODELS
    assert "scipy.stats" not in imports(MODULES[module])
    assert not rooms_imported(MODULES[module]) & {"inference", "models", "storage", "prepare"}


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) in ("prepare", "metrics")])
def test_preparation_fits_no_model(module):
    assert not outside(MODULES[module]) & MODELS


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) != "storage"])
def test_only_storage_opens_data(module):
    path = MODULES[module]
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    assert not names & OPENERS
    assert not outside(path) & {"duckdb", "openpyxl", "pyspark"}


ENGINE_WORDS = re.compile(
    r"duckdb|spark|postgres|psycopg|\.con\b|\.backend\b|\braw_sql\b|connection\.name\b", re.IGNORECASE
)
NAMES_ENGINES = {"sources.py"}  # what a plan may write


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) != "storage" and m not in NAMES_ENGINES])
def test_nothing_above_storage_knows_which_engine_runs(module):
    assert not ENGINE_WORDS.findall(MODULES[module].read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) in ("inference", "models", "lab")])
def test_models_and_the_lab_need_no_engine(module):
    """A pilot's customers are those of a plan, so they are counted where the plan's tables are."""
    if not module.startswith("lab/pilot"):
        assert not outside(MODULES[module]) & {"ibis"}


@pytest.mark.parametrize("module", [m for m in MODULES if room_of(m) in NOTEBOOK_FREE_ROOMS])
def test_what_computes_knows_nothing_of_pages_and_plots(module):
    assert not outside(MODULES[module]) & {
        "matplotlib",
        "seaborn",
        "IPython",
        "jinja2",
        "papermill",
        "nbconvert",
        "typer",
    }
