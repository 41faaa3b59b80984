"""How a plan says where a table comes from and which engine works on it: files, columns, joins, scales; never SQL."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
Value = str | int | float | bool | None


def _listed(value: object) -> object:
    """Take a single value for a list of one."""
    return value if isinstance(value, (list, tuple)) else (value,)


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    """Refuse a scale whose ends are equal or exchanged."""
    if not ends[0] < ends[1]:
        raise ValueError(f"the lower end {ends[0]:g} is not below the upper end {ends[1]:g}")
    return ends


Scale = Annotated[tuple[float, float], AfterValidator(_rising)]


class Strict(BaseModel):
    """A part of the plan: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class File(Strict):
    """A file, or several by a glob, and how to read it. Paths are relative to the plan or to ``--data``."""

    path: Name
    format: Literal["csv", "parquet", "xlsx"] | None = None  # None: told by the ending
    encoding: str | None = None  # None: UTF-8, or what the byte-order mark says
    delimiter: str | None = None  # None: sniffed; "whitespace": any run of blanks and tabs
    sheet: str | None = None
    names: tuple[Name, ...] = ()  # all columns in order, where the file has no header line


class Filter(Strict):
    """Keep the rows whose column has one of the values (or, with ``not_in``, none of them)."""

    column: Name
    values: tuple[Value, ...] = Field(default=(), alias="in")
    not_values: tuple[Value, ...] = Field(default=(), alias="not_in")


class Join(File):
    """Another file that adds columns: every row here finds at most one row there."""

    on: Name | dict[Name, Name]  # one name on both sides, or {here: there}
    where: tuple[Filter, ...] = ()

    @field_validator("where", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)

    @property
    def keys(self) -> dict[str, str]:
        """Column here to column there."""
        return {self.on: self.on} if isinstance(self.on, str) else dict(self.on)


class Source(File):
    """Where a table comes from and how its columns are to be read."""

    columns: dict[Name, Name] = Field(default_factory=dict)  # ours: theirs
    scores: dict[Name, Name] = Field(default_factory=dict)  # metric: column
    join: tuple[Join, ...] = ()
    where: tuple[Filter, ...] = ()
    values: dict[Name, dict[Name, Value]] = Field(default_factory=dict)  # our column: {their value: our value}
    scale: Scale | None = None  # of scores that are no metric's
    group: Name | None = None  # our id column: lines with the same one are summed
    missing_codes: tuple[Value, ...] = ()
    date_format: tuple[Name, ...] = ()

    @field_validator("join", "where", "date_format", "missing_codes", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)


class Metric(Strict):
    """A metric's scale: its ends, which end is good, and the codes inside it that mean "no answer"."""

    scale: Scale
    higher_is: Literal["better", "worse"] = "better"
    missing_codes: tuple[Value, ...] = ()
    bands: tuple[float, ...] = ()  # upper edges, inclusive, of all bands but the last
    label: str = ""

    @field_validator("missing_codes", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)


EngineName = Literal["duckdb", "spark", "ibis"]
ENGINE_SETTINGS: dict[str, tuple[str, ...]] = {
    "duckdb": ("memory_limit", "spill_folder"),
    "spark": ("master", "memory_limit", "spill_folder"),
    "ibis": ("connection", "memory_limit", "spill_folder"),
}
VARIABLE = r"^[A-Z][A-Z0-9_]{0,99}$"  # a name, so that the plan can never hold the address itself
MASTER = r"^(local|local\[(\*|\d+)\]|yarn|spark://[A-Za-z0-9.-]+:\d+|k8s://(https?://)?[A-Za-z0-9.-]+(:\d+)?)$"


class Engine(Strict):
    """Which engine cleans the tables and builds the panel, and what it may use.

    ``duckdb`` runs inside this process; ``spark`` where its master is; ``ibis`` is any other backend of ibis, whose
    address stands in an environment variable. Memory limit and spill folder are those of the engine in this process,
    which reads the files for all others, and of Spark's driver.
    """

    name: EngineName = "duckdb"
    memory_limit: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$")] | None = None
    spill_folder: Name | None = None
    master: Annotated[str, StringConstraints(pattern=MASTER)] | None = None
    connection: Annotated[str, StringConstraints(pattern=VARIABLE)] | None = None

    @property
    def local(self) -> Engine:
        """The engine inside this process, with the same limits."""
        return Engine(memory_limit=self.memory_limit, spill_folder=self.spill_folder)
