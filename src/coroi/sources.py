"""How a plan says where a table comes from: files, renamed columns, joins, filters, groups, scales; never SQL."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
Value = str | int | float | bool | None
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


Scale = Annotated[tuple[float, float], AfterValidator(_rising)]


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


class Source(File):
    """Where a table comes from and how its columns are to be read."""

    columns: dict[Name, Name] = Field(default_factory=dict, max_length=200)  # ours: theirs
    scores: dict[Name, Name] = Field(default_factory=dict, max_length=50)  # metric: column
    join: Annotated[tuple[Join, ...], Field(max_length=20)] = ()
    where: Annotated[tuple[Filter, ...], Field(max_length=50)] = ()
    values: dict[Name, Meanings] = Field(default_factory=dict, max_length=50)  # our column: {their value: our value}
    scale: Scale | None = None  # of scores that are no metric's
    group: Name | None = None  # our id column: lines with the same one are summed
    missing_codes: Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)] = ()
    date_format: Annotated[tuple[Name, ...], Field(max_length=20)] = ()

    @field_validator("join", "where", "date_format", "missing_codes", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)


class Metric(Strict):
    """A metric's scale: its ends, which end is good, and the codes inside it that mean "no answer"."""

    scale: Scale
    higher_is: Literal["better", "worse"] = "better"
    missing_codes: Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)] = ()
    bands: Annotated[tuple[float, ...], Field(max_length=50)] = ()  # upper edges, inclusive, of all bands but the last
    label: str = ""

    @field_validator("missing_codes", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)
