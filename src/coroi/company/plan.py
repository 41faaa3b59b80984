"""The plan that runs the studies on a synthetic company's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coroi.company import competitors, practices
from coroi.company.clock import FIRST_MONTH
from coroi.company.simulation import Company
from coroi.schemas import TABLES
from coroi.storage.appended import Format

PLAN = """\
# A synthetic company, made by
#   {command}
# What the studies ought to find is in truth.json.

name: {name}  # names the reports' folder

tables:  # our column: the column in the file
{tables}
metrics:
  nps:  # how likely to recommend: every customer's turn comes every three months
    scale: [0, 10]
{codes}  csat:  # how satisfied with each department, its touchpoint: some customers, twice a year
    scale: [1, 5]
{codes}  trust:  # how far they trust the company: twice a year
    scale: [1, 7]
{codes}
currency: EUR
period: month
observed_from: {first}  # contracts that ended before are not in the tables
observed_until: {last}
grace_days: 30  # a longer time without a contract is an exit
horizon: 12  # months to follow customers
discount_rate_annual: 0.10
smallest_effect: 0.01  # one percentage point of retention: less would change no decision
seed: 1

studies:
  readiness: {{}}
  retention:
    metric: nps
"""
UNREADABLE = ("transactions",)
UNREADABLE_WORDS = """\
  # transactions.csv is left out: some of its amounts are texts that have to be cleaned before they can be read
"""
DATE_STYLES = {"responses": '["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d/%m/%y"]'}
SCALES = {"competitors": competitors.SCALE, "practices": practices.SCALE}
MISSING_CODES = '    missing_codes: [99, -99, -999, "Not given", "NM"]\n'
COMMENTS = {
    ("subscriptions", "end_at"): "the last day covered; empty while the contract runs",
    ("subscriptions", "price"): "per month",
    ("responses", "metric"): "one of the metrics below",
    ("usage", "amount"): "hours of use in the month that ends then",
    ("advice", "advised_away"): "1: told not to buy, or to buy elsewhere",
    ("changes", "metric"): "one of the metrics below",
}


def plan_text(company: Company, name: str, columns: Mapping[str, Sequence[str]], format: Format, dirty: bool) -> str:
    """Write the plan that runs the studies on a company's tables; tables that no plan knows are left out.

    Parameters
    ----------
    company : Company
        The company.
    name : str
        The plan's name.
    columns : mapping of str to sequence of str
        The tables written, and their columns.
    format : str
        ``csv`` or ``parquet``.
    dirty : bool
        Whether the tables have dirt in them.
    """
    end = (FIRST_MONTH + company.months).astype("datetime64[D]") - np.timedelta64(1, "D")
    known = [table for table in TABLES if table in columns and not (dirty and table in UNREADABLE)]
    tables = "".join(_table_text(table, columns[table], format, dirty) for table in known)
    left_out = UNREADABLE_WORDS if dirty else ""
    return PLAN.format(
        name=name,
        command=command_of(company) + (" --dirty" if dirty else ""),
        tables=tables + left_out,
        codes=MISSING_CODES if dirty else "",
        first=FIRST_MONTH.astype("datetime64[D]"),
        last=end,
    )


def command_of(company: Company) -> str:
    """Return the command that makes a company."""
    command = f"coroi simulate DIR --customers {company.customers} --months {company.months} --seed {company.seed}"
    return command + (f" --scenario {company.scenario}" if company.scenario != "baseline" else "")


def _table_text(table: str, columns: Sequence[str], format: Format, dirty: bool) -> str:
    lines = [f"  {table}:", f"    path: {table}.{format}"]
    if table in SCALES:
        lines.append(f"    scale: {list(SCALES[table])}  # of the scores")
    lines.append("    columns:")
    for column in TABLES[table].names:
        if column in columns:
            comment = COMMENTS.get((table, column))
            lines.append(f"      {column}: {column}" + (f"  # {comment}" if comment else ""))
    if dirty and table in DATE_STYLES:
        lines.append(f"    date_format: {DATE_STYLES[table]}")
    return "\n".join(lines) + "\n"
