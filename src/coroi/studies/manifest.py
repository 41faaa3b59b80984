"""What a run rests on: hashed inputs, parameters, code and versions, and the run's name made from them."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath

import coroi
from coroi import storage
from coroi.sources import File, Source
from coroi.studies import bundled
from coroi.studies.plan import LoadedPlan, Plan

VERSIONS_OF = (
    *storage.ENGINE_LIBRARIES,
    "ibis-framework",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pyarrow",
    "pyfixest",
    "scipy",
    "seaborn",
    "statsmodels",
)
RUN_NAME_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Input:
    """One file that a table was read from: its name relative to the data's folder, its size and its hash."""

    table: str
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A notebook's parameter as it was used."""

    value: object
    default: object

    @property
    def changed(self) -> bool:
        """Whether it differs from the notebook's default."""
        return type(self.value) is not type(self.default) or self.value != self.default


def hash_inputs(loaded: LoadedPlan) -> tuple[Input, ...]:
    """Hash every file that the plan's tables, joins and exit flags read."""
    digests: dict[Path, str] = {}
    inputs = []
    for table, file in _files(loaded.plan):
        for path in storage.resolve_paths(file, loaded.base):
            if path not in digests:
                with path.open("rb") as stream:
                    digests[path] = hashlib.file_digest(stream, "sha256").hexdigest()
            name = _relative(path, loaded.base)
            inputs.append(Input(table, name, path.stat().st_size, digests[path]))
    return tuple(sorted(set(inputs), key=lambda entry: (entry.table, entry.name)))


def run_name(
    plan: Plan,
    inputs: Iterable[Input],
    parameters: Mapping[str, Mapping[str, Parameter]],
    notebooks: Mapping[str, Path],
) -> str:
    """Name a run by a hash of its data, plan, parameters and code, so that equal runs share a name.

    Parameters
    ----------
    plan : Plan
        The plan; absolute paths in it do not count.
    inputs : iterable of Input
        The data.
    parameters : Mapping of str to Mapping of str to Parameter
        Parameters by study.
    notebooks : Mapping of str to pathlib.Path
        Notebooks by study.
    """
    facts = {
        "inputs": [asdict(entry) for entry in inputs],
        "plan": canonical_plan(plan),
        "parameters": {study: {k: p.value for k, p in values.items()} for study, values in parameters.items()},
        "code": _hash_code(notebooks),
        "versions": versions(),
    }
    return hashlib.sha256(to_json(facts).encode()).hexdigest()[:RUN_NAME_LENGTH]


def canonical_plan(plan: Plan) -> dict[str, object]:
    """Return the plan as plain values, with absolute paths cut to their last part."""
    return _portable(plan.model_dump(mode="json", by_alias=True))


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a result may depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in VERSIONS_OF}


def make_manifest(
    loaded: LoadedPlan,
    run: str,
    study: str,
    *,
    inputs: Iterable[Input],
    parameters: Mapping[str, Parameter],
    declaration: object,
    command: str,
    engine: Mapping[str, str],
    computed: object = None,
    forecasts: object = None,
) -> dict[str, object]:
    """Say what one study's output rests on; no clock, no path of this machine and no address is in it.

    `declaration` is what the study declared before it fitted anything, and `computed` how its regressions were
    computed: with all rows in memory, or from blocks, and how many rows; ``None`` where the study states neither.
    `forecasts` tells the hash of the predictions kept beside it, and by run those of the earlier ones scored.
    """
    return {
        "plan": loaded.plan.name,
        "run": run,
        "study": study,
        "command": command,
        "inputs": [asdict(entry) for entry in inputs],
        "parameters": {
            name: {"value": p.value, "default": p.default, "changed": p.changed} for name, p in parameters.items()
        },
        "seed": loaded.plan.seed,
        "coroi": coroi.__version__,
        "commit": commit(),
        "versions": versions(),
        "engine": dict(engine),
        "declaration": declaration,
        "computed": computed,
        "forecasts": forecasts,
    }


def commit() -> str | None:
    """Return the commit of the checkout that coroi is imported from, or None outside of one."""
    root, git = bundled.checkout(), shutil.which("git")
    if root is None or git is None or not (root / ".git").exists():
        return None
    found = subprocess.run(  # noqa: S603
        [git, "-C", str(root), "rev-parse", "--verify", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else None


def to_json(value: object) -> str:
    """Write plain values as JSON in one way only."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def _files(plan: Plan) -> Iterator[tuple[str, File]]:
    sources: dict[str, Source] = {**plan.tables, **{f"exit_flags.{k}": v for k, v in plan.exit_flags.items()}}
    for table, source in sources.items():
        for part in source.parts:
            yield table, part
            for join in part.join:
                yield table, join


def _relative(path: Path, base: Path) -> str:
    resolved, folder = path.resolve(), base.resolve()
    return resolved.relative_to(folder).as_posix() if resolved.is_relative_to(folder) else path.name


def _portable(value: dict[str, object]) -> dict[str, object]:
    def cut(key: str, part: object) -> object:
        if isinstance(part, dict):
            return {k: cut(k, v) for k, v in part.items()}
        if isinstance(part, list):
            return [cut(key, v) for v in part]
        if key in ("path", "notebook", "spill_folder") and isinstance(part, str):
            absolute = PurePosixPath(part).is_absolute() or PureWindowsPath(part).is_absolute()
            return PureWindowsPath(part).name if absolute else part
        return part

    return {k: cut(k, v) for k, v in value.items()}


def _hash_code(notebooks: Mapping[str, Path]) -> dict[str, str]:
    code = _package_files() | {f"notebook of {study}": path for study, path in notebooks.items()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(code.items())}


def _package_files() -> dict[str, Path]:
    files = {p.relative_to(bundled.PACKAGE): p for p in bundled.PACKAGE.rglob("*") if p.is_file()}
    return {name.as_posix(): p for name, p in files.items() if not {"__pycache__", "_bundled"} & set(name.parts)}
