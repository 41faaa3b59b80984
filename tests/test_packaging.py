"""The ways in: pinned versions, the conda environment, and a wheel that works where nothing else is."""

from __future__ import annotations

import re
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wheels import look_at_demo, run, run_demo

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]


def test_the_conda_environment_is_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert environment["name"] == PROJECT["name"]
    assert conda == [f"python{PROJECT['requires-python']}", "pip"]
    assert pip == {"pip": [*REQUIREMENTS, "--editable ."]}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines)


def test_constraints_are_exact_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines == sorted(lines)
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][A-Za-z0-9.+!]*", line) for line in lines)
    assert not {"coroi", "pip", "setuptools"} & set(pins())


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_every_dependency_is_pinned_within_its_bounds(text):
    requirement = Requirement(text)
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_the_makefile_and_ci_start_nothing_that_is_not_there():
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    run("bash", "-n", ".ci/run", cwd=ROOT)
    for goal in ("demo", "test", "test-slow", "lint", "clean"):
        run("make", "--dry-run", goal, cwd=ROOT)


@pytest.mark.build
def test_the_wheel_holds_notebooks_sample_and_templates_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"coroi/_bundled/notebooks/{notebook.name}" in names
    for file in (ROOT / "data" / "sample").iterdir():
        assert f"coroi/_bundled/sample/{file.name}" in names
    for template in (ROOT / "src" / "coroi").rglob("*.j2"):
        assert template.relative_to(ROOT / "src").as_posix() in names
    assert not [name for name in names if "test" in name or ".ipynb_checkpoints" in name or "__pycache__" in name]


@pytest.mark.build
@pytest.mark.slow
def test_the_wheel_installs_with_pip_into_an_empty_environment(wheel, tmp_path):
    home, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    install = ("install", "--quiet", "--disable-pip-version-check", "--constraint", ROOT / "constraints.txt", wheel)
    run(python, "-m", "pip", *install, cwd=tmp_path)
    look_at_demo(run_demo(python, empty))
