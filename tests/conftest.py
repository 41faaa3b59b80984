"""What several rooms' tests share."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from coroi import storage
from coroi.sources import Engine
from coroi.studies.bundled import sample_folder
from coroi.studies.inputs import OUTPUT, PREPARED, Inputs, open_inputs, prepare_plan
from coroi.studies.plan import read_plan
from coroi.studies.registry import STUDIES, notebook_of
from engines import ENGINES, VARIABLE, postgres_server, program, slow, start_spark
from wheels import run, run_demo

ROOT = Path(__file__).resolve().parents[1]

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell starts what it runs in the background like that
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real data and published answers; tests that need it skip where it is not."""
    folder = Path(os.environ.get("COROI_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"COROI_SHARED: there is no folder '{folder}' with data and oracles")
    return folder


@pytest.fixture(scope="session")
def ready_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's tables as a run prepares them, once for all processes that test side by side."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    ready = folder / "ready_sample"
    with (folder / "ready_sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ready / "done").exists():
            known = {study: notebook_of(study) for study in STUDIES}
            prepare_plan(read_plan(sample_folder() / "plan.yaml", known_studies=known), ready)
            (ready / "done").touch()
    return ready


@pytest.fixture(scope="session")
def open_sample(ready_sample: Path) -> Callable[[], Inputs]:
    """A function that opens the sample company, prepared already, as a study's notebook does in a run."""

    def opened() -> Inputs:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(PREPARED, str(ready_sample))
            patch.delenv(OUTPUT, raising=False)
            return open_inputs()

    return opened


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def demo(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the demo of the installed wheel ran."""
    home, empty = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("empty")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", wheel, cwd=home)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "third_party.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    templates = {"JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter"))}  # nbconvert's own
    return run_demo(python, empty, templates)


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """Address of a server that lives as long as the tests."""
    if program("initdb") is None:
        pytest.skip("PostgreSQL is not installed: Debian's package is postgresql")
    with postgres_server() as address:
        yield address


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[storage.Session]:
    """A session of each engine in turn."""
    if request.param == "spark":
        if shutil.which("java") is None:
            pytest.skip("Java is not installed: Debian's package is default-jre-headless")
        start_spark()
        engine = Engine(name="spark", master="local[2]")
    elif request.param == "postgres":
        os.environ[VARIABLE] = request.getfixturevalue("postgres_address")
        engine = Engine(name="ibis", connection=VARIABLE)
    else:
        engine = Engine()
    session = storage.connect(engine)
    yield session
    session.disconnect()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", ENGINES, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if slow(item):
            item.add_marker(pytest.mark.slow)
