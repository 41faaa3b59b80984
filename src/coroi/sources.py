"""How a plan says where a table comes from and which engine works on it: files, columns, joins, scales; never SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_serializer,
)

Name = Annotated[str, Field(min_length=1, max_length=200)]
Value = str | int | float | bool | None
Repair = Literal["blanks", "dates", "double_encoding", "ids", "numbers", "repeats", "swapped_dates", "words"]
MOST_VALUES = 1_000
Meanings = Annotated[dict[Name, Value], Field(max_length=MOST_VALUES)]


def _listed(value: object) -> object:
    """Take a single value for a list of one."""
    return value if isinstance(value, (list, tuple)) else (value,)


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    """Refuse a scale whose ends are equal or exchanged."""
    if not ends[0] < ends[1]:
        raise ValueError(f"the lower end {ends[0]:g} is not below the upper end {ends[1]:g}")
    return ends


def _not_zero(factor: float) -> float:
    """Refuse a factor that would make all numbers the same, or none."""
    if not 0 < abs(factor) < float("inf"):
        raise ValueError("it is 0 or has no end")
    return factor


def _parted(template: str) -> str:
    """Refuse a template that names fewer than two parts, one twice, or leaves nothing between two."""
    names = template_names(template)
    if len(names) < 2:
        raise ValueError("it names fewer than two parts in braces")
    if len({n.casefold() for n in names}) < len(names) or not all(n.strip() for n in names):
        raise ValueError("a part has no name, or two have the same")
    if "}{" in template:
        raise ValueError("nothing stands between two parts, so they cannot be told apart")
    return template


def template_names(template: str) -> tuple[str, ...]:
    """Return the names of a template's parts, in order."""
    return tuple(re.findall(r"\{([^{}]*)\}", template))


Scale = Annotated[tuple[float, float], AfterValidator(_rising)]
Factor = Annotated[float, AfterValidator(_not_zero)]
Template = Annotated[Name, AfterValidator(_parted)]


class Strict(BaseModel):
    """A part of the plan: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


class File(Strict):
    """A file, or several by a glob, and how to read it. Paths are relative to the plan or to ``--data``."""

    path: Name
    format: Literal["csv", "parquet", "xlsx"] | None = None  # None: told by the ending
    encoding: str | None = None  # None: UTF-8, or what the byte-order mark says
    delimiter: str | None = None  # None: sniffed; "whitespace": any run of blanks and tabs
    sheet: str | None = None
    names: Annotated[
        tuple[Name, ...], Field(max_length=5_000)
    ] = ()  # all columns in order, where the file has no header line


class Filter(Strict):
    """Keep the rows whose column has one of the values (or, with ``not_in``, none of them)."""

    column: Name
    values: tuple[Value, ...] = Field(default=(), alias="in", max_length=MOST_VALUES)
    not_values: tuple[Value, ...] = Field(default=(), alias="not_in", max_length=MOST_VALUES)


class Join(File):
    """Another file that adds columns: every row here finds at most one row there."""

    on: Name | dict[Name, Name]  # one name on both sides, or {here: there}
    where: Annotated[tuple[Filter, ...], Field(max_length=50)] = ()

    @field_validator("where", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)

    @property
    def keys(self) -> dict[str, str]:
        """Column here to column there."""
        return {self.on: self.on} if isinstance(self.on, str) else dict(self.on)

    def added(self, here: Iterable[str], there: Iterable[str]) -> dict[str, str]:
        """Name the columns that the file adds (new name: name there); one that is taken here gets the file's before it.

        Names that differ in case only are the same to an engine. A number follows where a file is joined twice.
        """
        taken = {name.casefold() for name in here}
        stem, keys, names = PurePath(self.path).stem, set(self.keys.values()), {}
        for column in (c for c in there if c not in keys):
            asked = (column, f"{stem}.{column}", *(f"{stem}.{column} {n}" for n in range(2, 100)))
            name = next(n for n in asked if n.casefold() not in taken)
            taken.add(name.casefold())
            names[name] = column
        return names


class Unpivot(Strict):
    """Columns that become rows: a row for each of them that is filled, with its name and its value."""

    take: Annotated[dict[Name, Name], Field(min_length=1)]  # column: what `names_to` holds for it
    names_to: Name
    values_to: Name

    @field_validator("take", mode="before")
    @classmethod
    def _named_after_themselves(cls, value: object) -> object:
        if isinstance(value, (list, tuple)):
            value = {str(c) if type(c) is int else c: c for c in value if isinstance(c, (str, int))}
        if isinstance(value, Mapping):
            return {column: str(said) if type(said) is int else said for column, said in value.items()}
        return value


class Description(File):
    """How the columns of a table's file are to be read.

    The file is reshaped first, in this order: ``split``, ``combine``, ``unpivot``, ``join``, ``where``. What these
    make can be mapped like any column of the file.
    """

    columns: dict[Name, Name] = Field(default_factory=dict, max_length=200)  # ours: theirs
    fixed: dict[Name, Value] = Field(default_factory=dict, max_length=200)  # ours: the value of every row
    row_as_id: Name | None = None  # our id column that takes the file's name and the row's number
    split: dict[Name, Template] = Field(default_factory=dict, max_length=50)  # column: "{one} [{other}]"
    combine: dict[Name, Annotated[tuple[Name, ...], Field(min_length=2)]] = Field(default_factory=dict, max_length=50)
    unpivot: Unpivot | None = None
    multiply: dict[Name, Factor] = Field(default_factory=dict, max_length=200)  # our number column: factor
    divide: dict[Name, Factor] = Field(default_factory=dict, max_length=200)
    scores: dict[Name, Name] = Field(default_factory=dict, max_length=50)  # metric: column
    join: Annotated[tuple[Join, ...], Field(max_length=20)] = ()
    where: Annotated[tuple[Filter, ...], Field(max_length=50)] = ()
    values: dict[Name, Meanings] = Field(default_factory=dict, max_length=50)  # our column: {their value: our value}
    scale: Scale | None = None  # of scores that are no metric's
    group: Name | None = None  # our id column: lines with the same one are summed
    missing_codes: Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)] = ()
    date_format: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    keep_as_is: tuple[Repair, ...] = ()  # repairs that are not wanted

    @field_validator("join", "where", "date_format", "missing_codes", "keep_as_is", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)


class Part(Description):
    """A further file of the same table: the keys that it gives stand in place of the table's own."""

    path: Name = "."

    @model_serializer(mode="wrap")
    def _as_given(self, write: Any) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key in self.model_fields_set}


class Source(Description):
    """Where a table comes from, and how its columns are to be read."""

    also: tuple[Part, ...] = ()

    @field_validator("also", mode="before")
    @classmethod
    def _one_part_or_many(cls, value: object) -> object:
        return _listed(value)

    @property
    def parts(self) -> tuple[Source, ...]:
        """The table's files, each described in full."""
        own = self.model_copy(update={"also": ()})
        given = ({key: getattr(part, key) for key in part.model_fields_set} for part in self.also)
        return (own, *(own.model_copy(update=keys) for keys in given))

    @property
    def score_names(self) -> tuple[str, ...]:
        """The metrics that columns hold, in any of the files."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.scores))


class Metric(Strict):
    """A metric's scale: its ends, which end is good, and the codes inside it that mean "no answer".

    ``kind`` says what is asked about where the scale alone does not tell: a scale of 0 to 10, the best last, asks to
    recommend unless a kind is given.
    """

    scale: Scale
    higher_is: Literal["better", "worse"] = "better"
    kind: Literal["satisfaction", "effort", "trust"] | None = None
    missing_codes: Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)] = ()
    bands: Annotated[tuple[float, ...], Field(max_length=50)] = ()  # upper edges, inclusive, of all bands but the last
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
