"""What every panel has to keep: unique keys, types, ranges, and metrics older than the period that they explain."""

from __future__ import annotations

from typing import Any

import ibis

from coroi.errors import DataError, Problem, raise_together
from coroi.prepare.calendar import period_index
from coroi.schemas import Panel, metric_columns
from coroi.storage import without_unused_engines

_BITS = 32
_LONG_AGO = 10_000 * _BITS  # weeks before 1970 have negative numbers, and bits cannot
_LATE = "values of '{metric}' are dated inside or after the period that they should explain."
_LATE_FIX = "A metric may only hold answers dated before the period's first day."


def panel_contract(metrics: tuple[str, ...]) -> Any:
    """Return the panel's contract.

    Parameters
    ----------
    metrics : tuple of str
        The metrics in the panel.

    Returns
    -------
    pandera.ibis.DataFrameSchema
        Types, what may be missing, and ranges. Keys are proved by :func:`validate`, which also counts them.
    """
    import ibis.expr.datatypes as dt

    with without_unused_engines():
        import pandera.ibis as pa

    columns = {
        "customer_id": pa.Column(dt.string),
        "period": pa.Column(dt.date),
        "spell": pa.Column(dt.int64, pa.Check.ge(1), nullable=True),
        "tenure_periods": pa.Column(dt.int64, pa.Check.ge(0), nullable=True),
        "at_risk": pa.Column(dt.boolean),
        "at_renewal": pa.Column(dt.boolean),
        "exited": pa.Column(dt.boolean),
        "revenue": pa.Column(dt.float64, nullable=True),
        "margin": pa.Column(dt.float64, nullable=True),
        "cost_to_serve": pa.Column(dt.float64, nullable=True),
        "n_transactions": pa.Column(dt.int64, pa.Check.ge(0), nullable=True),
        "weight": pa.Column(dt.float64, pa.Check.gt(0)),
    }
    for metric in metrics:
        value, age, mean, count = metric_columns(metric)
        columns |= {
            value: pa.Column(dt.float64, nullable=True),
            age: pa.Column(dt.int64, pa.Check.ge(1), nullable=True),
            mean: pa.Column(dt.float64, nullable=True),
            count: pa.Column(dt.int64, pa.Check.ge(0)),
        }
    return pa.DataFrameSchema(columns)


def validate(connection: Any, panel: Panel) -> None:
    """Prove that a panel keeps its contract.

    Parameters
    ----------
    connection : Session
        Where the panel lives.
    panel : Panel
        Any panel, ours or a researcher's own.

    Raises
    ------
    DataError
        With the number of rows that share a key, the metrics that are dated too late, and the columns whose type,
        range or completeness is not the contract's.
    """
    data = panel.data
    problems = []
    twice = _repeated_keys(connection, panel)
    if twice:
        what = f"{twice:,} duplicate ({panel.entity}, {panel.time}) keys."
        problems.append(Problem("panel", what, "Aggregate before the panel is built."))
    late = {metric: data[metric_columns(metric)[1]] < 1 for metric in panel.metrics}
    for metric, condition in late.items():
        found = connection.execute(data.filter(condition).count())
        if found:
            problems.append(Problem("panel", f"{found:,} {_LATE.format(metric=metric)}", _LATE_FIX))
    raise_together(problems or _broken(connection, panel), DataError)


def _repeated_keys(connection: Any, panel: Panel) -> int:
    """Count the rows whose key stands in a row before.

    Periods of one customer become bits: powers of two add up to their union only if none stands twice. That needs
    a group for each customer and 32 periods instead of one for each row; only where it fails are keys counted.
    """
    data = panel.data
    if data[panel.time].type().is_date():
        index = period_index(data[panel.time], panel.frequency) + _LONG_AGO
        bit = ibis.literal(1, "int64") << (index % _BITS)
        rows = data.select(entity=data[panel.entity], block=index // _BITS, bit=bit)
        sets = rows.group_by("entity", "block").agg(total=rows["bit"].sum(), union=rows["bit"].bit_or())
        doubtful = sets.filter((sets["total"] != sets["union"]) | sets["union"].isnull())
        if not connection.execute(doubtful.count()):
            return 0
    n_keys = connection.execute(data.select(panel.entity, panel.time).distinct().count())
    return int(connection.execute(data.count()) - n_keys)


def _broken(connection: Any, panel: Panel) -> list[Problem]:
    """Say which columns break the contract, and how."""
    with without_unused_engines():
        import pandera.errors

    untyped = [str(name) for name, kind in panel.data.schema().items() if kind.is_null()]
    if untyped:
        what = "the column holds nothing but empty cells without a type."
        return [Problem(f"panel.{name}", what, "Cast it to the type that it should have.") for name in untyped]
    contract = panel_contract(panel.metrics)
    if _kept(connection, panel, contract):
        return []
    try:
        contract.validate(panel.data, lazy=True)
    except pandera.errors.SchemaErrors as broken:
        fix = "The section on the panel in data/README.md says what each column holds."
        found = sorted({_spoken(error) for error in broken.schema_errors})
        return [Problem(f"panel.{column}", what, fix) for column, what in found]
    return []


def _kept(connection: Any, panel: Panel, contract: Any) -> bool:
    """Tell whether every column keeps the contract: types first, then all limits in one pass over the rows."""
    with without_unused_engines():
        import pandera.errors
        from pandera.config import ValidationDepth, config_context

    try:
        with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY):
            contract.validate(panel.data, lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    wrong = []
    for name, column in contract.columns.items():
        value = panel.data[name]
        if not column.nullable:
            wrong.append(value.isnull())
        for check in column.checks:
            least, strict = check.statistics["min_value"], check.name == "greater_than"
            wrong.append((value <= least if strict else value < least).fill_null(False))
    return not connection.execute(ibis.or_(*wrong).any())


def _spoken(error: Any) -> tuple[str, str]:
    """Name the column that breaks the contract, and say how."""
    said = str(error.check)
    if said == "column_in_dataframe":
        return str(error.failure_cases), "the column is missing."
    if said == "not_nullable":
        return str(error.schema.name), "the column has empty cells."
    if said.startswith("dtype"):
        return str(error.schema.name), f"the column is not of the type {said[7:-2]}."
    limit = said.rpartition("(")[2].rstrip(")>")
    least = "above" if "greater_than:" in said else "at least"
    return str(error.schema.name), f"the column holds values that are not {least} {limit}."
