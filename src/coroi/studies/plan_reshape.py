"""How a table of a plan reshapes its file, against the file: new names, templates, factors and fixed values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from coroi.errors import did_you_mean, hint_at_column
from coroi.schemas import Column, TableSchema
from coroi.sources import Source, template_names
from coroi.studies.yaml_lines import Finding, Loc, shown


def reshape_findings(loc: Loc, source: Source, header: list[str], file: str) -> Iterator[Finding]:
    """Yield what is wrong with ``split``, ``combine`` and ``unpivot``.

    Parameters
    ----------
    loc : tuple
        Place of the table in the plan.
    source : Source
        What the plan says of it.
    header : list of str
        The file's columns.
    file : str
        The file's name.
    """
    names = list(header)
    for column, template in source.split.items():
        here: Loc = (*loc, "split", column)
        yield from _absent(here, column, names, file)
        for new in template_names(template):
            yield from _taken(here, new, names)
            names.append(new)
    for new, parts in source.combine.items():
        for column in parts:
            yield from _absent((*loc, "combine", new), column, names, file)
        yield from _taken((*loc, "combine", new), new, names)
        names.append(new)
    if source.unpivot is None:
        return
    for column in source.unpivot.take:
        yield from _absent((*loc, "unpivot", "take", column), column, names, file)
    names = [n for n in names if n not in source.unpivot.take]
    for key in ("names_to", "values_to"):
        new = getattr(source.unpivot, key)
        yield from _taken((*loc, "unpivot", key), new, names)
        names.append(new)


def told_findings(loc: Loc, source: Source, schema: TableSchema, metrics: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what is wrong with ``fixed``, ``row_as_id``, ``multiply`` and ``divide``, which need no file.

    Parameters
    ----------
    loc : tuple
        Place of the table in the plan.
    source : Source
        What the plan says of it.
    schema : TableSchema
        The table's columns.
    metrics : tuple of str
        Names of the plan's metrics.
    """
    for ours, value in source.fixed.items():
        yield from _fixed((*loc, "fixed", ours), source, schema, ours, value, metrics)
    ids = tuple(c.name for c in schema.columns if c.kind == "id")
    if source.row_as_id is not None:
        here: Loc = (*loc, "row_as_id")
        if source.row_as_id not in ids:
            what = f"{shown(source.row_as_id)} is not an id of {schema.name}."
            yield Finding(here, what, did_you_mean(source.row_as_id, ids))
        elif source.row_as_id in source.columns:
            yield Finding(here, "a column of the file is mapped to it too.", "Keep one of the two.")
    numbers = (*(c.name for c in schema.columns if c.kind == "number"), *source.scores)
    for key in ("multiply", "divide"):
        for ours in getattr(source, key):
            if ours not in numbers:
                what = f"this is not a column of numbers of {schema.name}."
                yield Finding((*loc, key, ours), what, did_you_mean(ours, numbers))


def _fixed(
    loc: Loc, source: Source, schema: TableSchema, ours: str, value: object, metrics: tuple[str, ...]
) -> Iterator[Finding]:
    if ours not in schema.names:
        yield Finding(loc, f"this is not a column of {schema.name}.", did_you_mean(ours, schema.names))
        return
    if ours in source.columns:
        yield Finding(loc, "a column of the file is mapped to it too.", "Keep one of the two.")
    yield from value_findings(loc, schema.column(ours), value, metrics)


def value_findings(loc: Loc, column: Column, value: object, metrics: tuple[str, ...]) -> Iterator[Finding]:
    """Yield why a value of the plan cannot stand in one of our columns.

    Parameters
    ----------
    loc : tuple
        Place of the value in the plan.
    column : Column
        Our column.
    value : object
        The value.
    metrics : tuple of str
        Names of the plan's metrics.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None:
        yield Finding(loc, "no value is given.", "Write the value that every row is to have.")
    elif column.kind == "flag" and not isinstance(value, bool):
        yield Finding(loc, f"{shown(value)} is not true or false.", f"{column.name}: {column.meaning}.")
    elif column.kind == "number" and not number:
        yield Finding(loc, f"{shown(value)} is not a number.", f"{column.name}: {column.meaning or 'a score'}.")
    elif column.kind == "date" and not _is_date(value):
        yield Finding(loc, f"{shown(value)} is not a date such as 2024-01-31.", "Write year, month and day.")
    elif column.choices and str(value).lower() not in column.choices:
        what = f"{shown(value)} is not one of the words that {column.name} may hold."
        yield Finding(loc, what, did_you_mean(str(value), column.choices))
    elif column.name == "metric" and value not in metrics:
        what = f"{shown(value)} is not one of the plan's metrics."
        yield Finding(loc, what, did_you_mean(str(value), metrics))


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _absent(loc: Loc, column: str, names: list[str], file: str) -> Iterator[Finding]:
    if column not in names:
        yield Finding(loc, f"{shown(column)} is not a column of {file}.", hint_at_column(column, names))


def _taken(loc: Loc, new: str, names: list[str]) -> Iterator[Finding]:
    if new.startswith("_"):
        yield Finding(loc, f"the new column {shown(new)} begins with '_'.", "Begin its name with a letter.")
    elif new.casefold() in {n.casefold() for n in names}:
        yield Finding(loc, f"there is a column {shown(new)} already.", "Give the new column another name.")
