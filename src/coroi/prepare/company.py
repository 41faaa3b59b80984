"""All tables of a plan, cleaned, with the panel that they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from coroi.errors import DataError, Problem
from coroi.prepare.cleaning.lost_zeros import give_back_zeros
from coroi.prepare.cleaning.order_ids import note_order_ids
from coroi.prepare.cleaning.telling_columns import note_telling_columns
from coroi.prepare.exit_flags import cross_tabulate, flag_label, prepare_exit_flag
from coroi.prepare.ledger import Ledger, unbalanced
from coroi.prepare.options import PrepareOptions
from coroi.prepare.panel import build_panel
from coroi.prepare.strangers import note_strangers
from coroi.prepare.tables import prepare_table
from coroi.schemas import TABLES, Panel
from coroi.sources import Source

_TAKEN = {"customers", "exit_in_panel", "left_in_snapshot"}  # columns of the cross-table that are no flag of the plan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Clean tables, the panel, and the account of how they came about.

    Parameters
    ----------
    connection : Session
        Where the tables live.
    tables : dict of str to ibis.Table
        Clean tables by name.
    panel : Panel or None
        ``None`` where there are neither contracts nor purchases.
    ledger : pandas.DataFrame
        Rows in, out, dropped by rule.
    flags : pandas.DataFrame
        Cross-table of the plan's rival churn flags; empty without any.
    problems : tuple of Problem
        Why a table cannot be used.
    """

    connection: Any
    tables: dict[str, Any]
    panel: Panel | None
    ledger: pd.DataFrame
    flags: pd.DataFrame
    problems: tuple[Problem, ...] = ()


def prepare_company(
    connection: Any,
    sources: Mapping[str, Source],
    exit_flags: Mapping[str, Source],
    options: PrepareOptions,
    *,
    base: Path,
    progress: Callable[[str], None] = lambda _: None,
    n_examples: int = 3,
) -> Prepared:
    """Clean every table of a plan and build the panel.

    Parameters
    ----------
    connection : Session
        From :func:`coroi.storage.connect`.
    sources, exit_flags : Mapping of str to Source
        The plan's tables and rival churn flags.
    options : PrepareOptions
        The plan's choices.
    base : Path
        Folder that relative paths start from.
    progress : callable
        Told the name of each step.
    n_examples : int
        Rows that a line of the ledger names.

    Returns
    -------
    Prepared
        With the problems of all tables; nothing is raised for a table that cannot be used.
    """
    ledger = Ledger(n_examples=n_examples, currency=options.currency)
    problems: list[Problem] = []
    tables: dict[str, Any] = {}
    for name, source in sources.items():
        progress(name)
        try:
            tables[name] = prepare_table(connection, name, source, base, ledger, options.metrics)
        except DataError as error:
            problems += _located(error, name)
            _note_refusal(ledger, name)
    tables = give_back_zeros(connection, tables, sources, ledger)
    note_strangers(connection, tables, ledger)
    note_order_ids(connection, tables, ledger)
    panel = None
    needed = {"contract": "subscriptions", "repeat_purchase": "transactions"}.get(options.relationship)
    if needed in tables:
        progress("panel")
        try:
            panel = build_panel(connection, tables, options, ledger)
        except DataError as error:
            problems += _located(error, "panel")
    people = _who_left(tables, panel)
    if people is not None:
        home = "customers" if "customers" in tables else "snapshot"
        note_telling_columns(connection, sources[home], TABLES[home], base, people, ledger)
    flags = pd.DataFrame()
    if exit_flags:
        progress("exit flags")
        flags = _flags(connection, exit_flags, base, ledger, tables, panel, problems)
    return Prepared(
        connection=connection, tables=tables, panel=panel, ledger=ledger.frame(), flags=flags, problems=tuple(problems)
    )


def _who_left(tables: Mapping[str, Any], panel: Panel | None) -> Any | None:
    """Return who of the table of customers, or of the snapshot, has left."""
    if panel is not None and "customers" in tables:
        return panel.data.group_by("customer_id").agg(left=panel.data["exited"].any())
    if panel is None and "snapshot" in tables:
        return tables["snapshot"].select("customer_id", "left").filter(ibis._.left.notnull())
    return None


def _flags(
    connection: Any,
    sources: Mapping[str, Source],
    base: Path,
    ledger: Ledger,
    tables: Mapping[str, Any],
    panel: Panel | None,
    problems: list[Problem],
) -> pd.DataFrame:
    gone = {}
    for name, source in sources.items():
        try:
            gone[name] = prepare_exit_flag(connection, source, base, ledger, name)
        except DataError as error:
            problems += _located(error, f"exit_flags.{name}")
            _note_refusal(ledger, flag_label(name))
    people = (
        panel.data if panel is not None else next((tables[t] for t in ("customers", "snapshot") if t in tables), None)
    )
    if people is None or not gone:
        return pd.DataFrame()
    for name, flagged in gone.items():
        strangers = connection.execute(flagged.anti_join(people, "customer_id").count())
        said = "customers that it calls gone and that are not known otherwise; not in the cross-table"
        ledger.add(flag_label(name), "flagged", strangers, said, rule="flags of strangers")
    gone = {f"{name} flag" if name.casefold() in _TAKEN else name: flagged for name, flagged in gone.items()}
    if panel is not None:
        gone["exit_in_panel"] = panel.data.filter(panel.data["exited"]).select("customer_id").distinct()
    elif "snapshot" in tables:
        gone["left_in_snapshot"] = tables["snapshot"].filter(tables["snapshot"]["left"]).select("customer_id")
    return cross_tabulate(connection, people, gone)


def _note_refusal(ledger: Ledger, name: str) -> None:
    """Enter the rows of a table that was refused after some had been read, so that its counts add up too."""
    left = unbalanced(ledger.frame()).get(name, 0)
    ledger.add(name, "dropped", left, "the table cannot be used as it stands", rule="refused")


def _located(error: DataError, name: str) -> tuple[Problem, ...]:
    return error.problems or (Problem(name, str(error)),)
