"""The company as a folder: its tables, a plan that runs them, and the truth beside them."""

from __future__ import annotations

import filecmp
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from coroi.company import changes, factors
from coroi.company.claims import true_claims
from coroi.company.dirt import Soiler
from coroi.company.plan import plan_text
from coroi.company.portfolios import true_changes
from coroi.company.simulation import Company
from coroi.company.truth import true_retention
from coroi.errors import CoroiError, Problem, raise_together
from coroi.storage import TableWriter
from coroi.storage.appended import Format

DECIMALS = {"changes": changes.DECIMALS, "factors": factors.DECIMALS, "firm_returns": factors.DECIMALS}
"""Tables whose numbers need more than two decimals."""


def write_company(
    company: Company, folder: str | Path, *, name: str = "simulated", format: Format = "csv", dirty: bool = False
) -> list[Path]:
    """Write a company's tables, a plan that runs them, and its truth.

    Parameters
    ----------
    company : Company
        The company; it is simulated and written block by block.
    folder : str or Path
        Where to; made if it is not there.
    name : str
        The plan's name: small letters, digits, ``-`` and ``_``, 64 at most.
    format : str
        ``csv`` or ``parquet``.
    dirty : bool
        Whether to put the ten kinds of dirt of real exports into the tables.

    Returns
    -------
    list of Path
        A file per table, ``plan.yaml``, ``truth.json``, and of dirty tables ``dirt.json``; equal arguments give equal
        bytes.

    Raises
    ------
    CoroiError
        If the name cannot be used, or files of other content are there already; then nothing is written.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        fix = "Use up to 64 small letters, digits, '-' and '_', beginning with a letter or a digit."
        raise CoroiError(Problem("simulate", f"name is {name!r}.", fix))
    folder = Path(folder)
    nearest = _check_free_way(folder)
    with TemporaryDirectory(dir=nearest, prefix=".simulating-") as place:
        write_tables(company, Path(place), name=name, format=format, dirty=dirty)
        _write_json(Path(place) / "truth.json", truth_of(company))
        made = sorted(Path(place).iterdir())
        raise_together((_taken(folder / new.name) for new in made if _differs(folder / new.name, new)), CoroiError)
        folder.mkdir(parents=True, exist_ok=True)
        for new in made:
            if not (folder / new.name).exists():
                new.replace(folder / new.name)
    return [folder / new.name for new in made]


def write_tables(company: Company, place: Path, *, name: str, format: Format = "csv", dirty: bool = False) -> None:
    """Write a company's tables and its plan to an empty folder, without the truth, which takes long.

    Parameters
    ----------
    company : Company
        The company.
    place : pathlib.Path
        An empty folder.
    name : str
        The plan's name.
    format : str
        ``csv`` or ``parquet``.
    dirty : bool
        Put in dirt, and write ``dirt.json`` with every cell of it.
    """
    columns: dict[str, list[str]] = {}
    soiler = Soiler(company.seed, DECIMALS)
    with TableWriter(place, format, DECIMALS) as writer:
        for block, piece in enumerate(company.pieces()):
            for table, rows in (soiler.soil(piece, block) if dirty else piece).items():
                writer.add(table, rows)
                columns[table] = list(rows.columns)
    (place / "plan.yaml").write_text(plan_text(company, name, columns, format, dirty), encoding="utf-8")
    if dirty:
        _write_json(place / "dirt.json", soiler.record())


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def truth_of(company: Company) -> dict[str, object]:
    """Return what the studies ought to find: computed anew, by simulating far larger companies.

    Parameters
    ----------
    company : Company
        Its months and scenario count; size and seed do not, but the changes to choose from are its own.
    """
    simulated = {name: getattr(company, name) for name in ("customers", "months", "seed", "scenario")}
    retention = true_retention(months=company.months, scenario=company.scenario)
    claims = true_claims(months=company.months, scenario=company.scenario, retention=retention)
    own = true_changes(seed=company.seed, scenario=company.scenario)
    return {"company": simulated, "studies": {"retention": retention}, "claims": claims, "changes": own}


def _differs(path: Path, new: Path) -> bool:
    return path.exists() and not (path.is_file() and filecmp.cmp(path, new, shallow=False))


def _taken(path: Path) -> Problem:
    return Problem(str(path), "is there already and its content is another.", "Choose another folder, or move it away.")


def _check_free_way(folder: Path) -> Path:
    """Return the nearest folder that is there; refuse a folder that is a file or lies below one."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise CoroiError(Problem(str(nearest), "is a file where a folder is wanted.", "Choose another folder."))
    return nearest
