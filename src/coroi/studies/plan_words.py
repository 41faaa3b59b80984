"""Structural mistakes of a plan in plain words: the key, the value, what was expected, the nearest name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from coroi.errors import did_you_mean
from coroi.schemas import Period, Relationship
from coroi.sources import MASTER, VARIABLE, Engine, EngineName, Filter, Join, Metric, Part, Repair, Source, Unpivot
from coroi.studies.no_secrets import WAY_OUT, is_secret_key, is_secret_value
from coroi.studies.plan import NO_YEAR, Plan
from coroi.studies.yaml_lines import Document, Finding, Loc, shown

_FOLDER = "lower-case letters, digits, '-' and '_', at most 64, beginning with a letter or digit"
_SINGLE = "a single value: text, a number, true or false"
_COLUMN = "the name of a column, in quotes if it is a number"
_CHOICES: dict[str, tuple[str, ...]] = {
    "period": get_args(Period),
    "relationship": get_args(Relationship),
    "exits_at": ("any_time", "renewal"),
    "contract_prices": ("in_transactions", "beside_transactions"),
    "higher_is": ("better", "worse"),
    "kind": ("satisfaction", "effort", "trust"),
    "format": ("csv", "parquet", "xlsx"),
    "engine": get_args(EngineName),
    "engine.name": get_args(EngineName),
}
_EXPECTED: dict[str, str] = {
    "name": f"a name made of {_FOLDER}",
    "tables": "a mapping of at least one table's name to where it comes from",
    "currency": "three capital letters such as EUR",
    "metrics": "a mapping of each metric's name to its scale",
    "margins": "a mapping of columns to the known shares of their levels",
    "margin": "a mapping of each level to its known share, such as {retail: 0.7, business: 0.3}",
    "share": "a share from 0 to 1",
    "grace_days": "a whole number of days, 0 to 3660",
    "horizon": "a whole number of periods, 1 to 600",
    "discount_rate_annual": "a yearly rate from 0 to below 1",
    "smallest_effect": "a share above 0 and below 1, such as 0.01 for one percentage point",
    "metric_age_limit": "a whole number of periods, 1 to 600",
    "observed_from": "a date such as 2024-01-31",
    "observed_until": "a date such as 2024-12-31",
    "exit_flags": "a mapping of a flag's name to where it comes from",
    "studies": "a mapping of studies' names to their parameters",
    "seed": "a whole number, 0 to 4294967295",
    "engine.memory_limit": "an amount of memory, such as 4GB",
    "engine.spill_folder": "the path of a folder, as text",
    "engine.master": "a master, such as local[2], yarn, or the address of one without a user",
    "engine.connection": "the name of an environment variable in capitals, such as COROI_CONNECTION",
    "study": "a mapping of parameters to values",
    "single": _SINGLE,
    "metric": "a mapping that gives the scale",
    "scale": "the two ends of a scale, such as [0, 10]",
    "missing_codes": f"{_SINGLE}, or a list of them",
    "bands": "a list of numbers: the upper edge of every band but the last, such as [6, 8]",
    "label": "text",
    "table": "a mapping that gives at least the path of a file",
    "path": "the path of a file, or a glob, as text",
    "encoding": "the name of an encoding, such as latin-1",
    "delimiter": 'one character in quotes, such as ";", or whitespace',
    "sheet": "the name of a sheet, in quotes if it is a number",
    "names": "a list of all columns' names in order, for a file without a header line",
    "columns": "a mapping of our columns to the file's",
    "scores": "a mapping of metrics to the file's columns",
    "column": _COLUMN,
    "join": "a list of files to join, each with `path` and `on`",
    "where": "a list of filters, each with `column` and `in` or `not_in`",
    "in": "a list of values, such as [paid, shipped]",
    "not_in": "a list of values, such as [cancelled]",
    "values": "a mapping of our columns to values, such as {left: {Churned: true}}",
    "meanings": "a mapping of the file's values to ours",
    "group": "the name of one of our id columns",
    "date_format": 'a pattern such as "%d.%m.%Y", or a list of such',
    "keep_as_is": f"one of {', '.join(get_args(Repair))}, or a list of them: repairs that are not wanted",
    "on": "a column's name, or a mapping of the name here to the name there",
    "fixed": "a mapping of our columns to the value that every row is to have",
    "row_as_id": "the name of one of our id columns",
    "split": 'a mapping of columns to templates, such as {Company: "{firm} [{sector}]"}',
    "template": 'a template in quotes, such as "{firm} [{sector}]"',
    "combine": "a mapping of new columns to lists of columns, such as {firm: [company, sector]}",
    "combined": "a list of at least two columns, such as [company, sector]",
    "unpivot": "a mapping that gives `take`, `names_to` and `values_to`",
    "take": "a list of columns, or a mapping of columns to what `names_to` is to hold",
    "names_to": "a name for the column that takes the columns' names",
    "values_to": "a name for the column that takes their values",
    "multiply": "a mapping of our columns to numbers, such as {revenue: 1000000}",
    "divide": "a mapping of our columns to numbers, such as {response_minutes: 60}",
    "factor": "a number other than 0",
    "also": "a list of further files of the table, each with the keys in which it differs",
}
_WAYS_OUT = {
    "scale": "Write the lower end first.",
    "template": 'Write "{firm} [{sector}]", say: a name in braces for each part, and what stands between them.',
    "factor": "Write 100 under `divide` for numbers in per cent, say.",
}
_PARTS: dict[str, tuple[type[BaseModel], str]] = {
    "plan": (Plan, "a plan"),
    "table": (Source, "a table"),
    "join": (Join, "a join"),
    "where": (Filter, "a filter"),
    "metric": (Metric, "a metric"),
    "engine": (Engine, "an engine"),
    "also": (Part, "a further file"),
    "unpivot": (Unpivot, "`unpivot`"),
}
_ADDRESSES = {"connection": VARIABLE, "master": MASTER}  # of an engine: what may stand there and is no secret
_ENTRIES = {
    "tables": "table",
    "exit_flags": "table",
    "metrics": "metric",
    "margins": "margin",
    "margin": "share",
    "studies": "study",
    "study": "single",
    "columns": "column",
    "scores": "column",
    "on": "column",
    "values": "meanings",
    "meanings": "single",
    "fixed": "single",
    "split": "template",
    "combine": "combined",
    "multiply": "factor",
    "divide": "factor",
    "take": "column",
}


def structural_findings(document: Document) -> list[Finding]:
    """Say what is wrong with the plan's keys and values, one finding for each place."""
    try:
        Plan.model_validate(document.data)
    except ValidationError as error:
        found = {f.loc: f for f in (_finding(document, e) for e in error.errors(include_url=False))}
        above = {loc[:n] for loc in found for n in range(len(loc))}
        return [f for loc, f in found.items() if loc not in above]
    return []


def without_secrets(document: Document, findings: Iterable[Finding]) -> list[Finding]:
    """Add a finding for each thing that looks like a secret, and drop every other that could repeat it."""
    places = list(_secret_places(document.data, ()))
    hidden = {loc for loc, _ in places}
    texts = {value for _, value in places if len(value) > 3}

    def tells(finding: Finding) -> bool:
        loc = document.written(finding.loc)
        under = any(loc[:n] in hidden for n in range(1, len(loc) + 1))
        return under or any(text in finding.what + finding.fix for text in texts)

    kept = [f for f in findings if not tells(f)]
    return [*kept, *(_secret_finding(document, loc) for loc, _ in places)]


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """List the keys of a part of the plan as they are written."""
    return tuple(f.alias or name for name, f in model.model_fields.items())


def _secret_places(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Yield each place that looks like a secret, with the text that no message may hold."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if is_secret_value(key):
                yield (*loc, key), key
            elif loc == ("engine",) and key in _ADDRESSES:
                if isinstance(inner, str) and not re.fullmatch(_ADDRESSES[key], inner):
                    yield (*loc, key), inner
            elif is_secret_key(key) and not (_is_data(loc) and " " in key):
                yield (*loc, key), str(inner) if isinstance(inner, (str, int, float)) else ""
            else:
                yield from _secret_places(inner, (*loc, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _secret_places(inner, (*loc, i))
    elif is_secret_value(value):
        yield loc, value


def _is_data(loc: Loc) -> bool:
    return len(loc) == 4 and loc[2] == "values"


def _secret_finding(document: Document, loc: Loc) -> Finding:
    unsafe = is_secret_value(loc[-1])
    what = "this looks like a secret or an address of a service; the plan is no place for it."
    return Finding(loc[:-1] if unsafe else loc, what, WAY_OUT, document.lines[loc])


def _finding(document: Document, error: Any) -> Finding:
    loc, kind = _written(document, error["loc"]), error["type"]
    field = error["loc"][-1]
    if kind == "missing" and isinstance(field, str):
        missing = (*_written(document, error["loc"][:-1]), field)
        return Finding(missing, "is missing.", f"Give {_expected(_place(missing))}.")
    if kind == "extra_forbidden":
        model, noun = _PARTS[_place(loc[:-1])]
        return Finding(loc, f"{noun} has no key of this name.", did_you_mean(str(field), keys_of(model)))
    if kind == "too_long":
        most = error["ctx"]["max_length"]
        return Finding(loc, f"more than {most:,} entries stand here.", "Leave out what is not needed.")
    if field == "[key]":
        return Finding(loc, "this name cannot be used.", f"A name here has {_name_rule(_place(loc[:-1]))}.")
    place = _place(loc)
    while isinstance(loc[-1], int) and place not in _PARTS:
        loc = loc[:-1]
    value = _value_at(document.data, loc)
    if kind == "value_error" and place in _WAYS_OUT:
        return Finding(loc, f"{shown(value)}: {error['ctx']['error']}.", _WAYS_OUT[place])
    if kind == "value_error" and str(error["ctx"]["error"]) == NO_YEAR:
        return Finding(loc, f"{shown(value)}: {NO_YEAR}.", "Leave it out, or write a day on which there are data.")
    return Finding(loc, *_bad_value(place, value))


def _bad_value(place: str, value: Any) -> tuple[str, str]:
    if place in _CHOICES:
        hint = did_you_mean(str(value), _CHOICES[place])
        return f"{shown(value)} is not {_expected(place)}.", hint if hint.startswith("Did") else ""
    what = f"{shown(value)} is not {_expected(place)}."
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if place in {"discount_rate_annual", "smallest_effect", "share"} and number and value >= 1:
        unit = "percentage points" if place == "smallest_effect" else "%"
        share = f"{value / 100:.2f}" if value == int(value) else f"{value / 100:g}"
        return what, f"{value:g} means {value * 100:,.0f} {unit}; write {share} for {value:g} {unit}."
    if place == "currency" and isinstance(value, str) and len(value) == 3 and value.isalpha():
        return what, f"Did you mean '{value.upper()}'?"
    return what, ""


def _name_rule(place: str) -> str:
    if place == "metrics":
        return "lower-case letters, digits and '_', at most 40, beginning with a letter"
    return _FOLDER if place == "studies" else "1 to 200 characters"


def _written(document: Document, loc: tuple[Any, ...]) -> Loc:
    """Reduce a validator's place to what the file has: no kinds of value, no index of an item given bare."""
    written: Loc = ()
    for part in loc:
        if (*written, part) in document.lines:
            written = (*written, part)
    return written


def _place(loc: Loc) -> str:
    """Name the kind of place, as in the tables above."""
    place = "plan"
    for part in loc:
        if isinstance(part, str):
            place = f"engine.{part}" if place == "engine" else _ENTRIES.get(place, part)
    return place


def _expected(place: str) -> str:
    return f"one of {', '.join(_CHOICES[place])}" if place in _CHOICES else _EXPECTED[place]


def _value_at(data: Any, loc: Loc) -> Any:
    for part in loc:
        data = data[part]
    return data
