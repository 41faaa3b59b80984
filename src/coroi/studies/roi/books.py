"""The ledger against counting twice, and what the whole shows, for the study `roi`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from coroi.prepare.calendar import first_day, last_day
from coroi.results import Check
from coroi.roi.flows import line_of
from coroi.roi.ledger import Entry, apart, check_overlap, ledger_table
from coroi.roi.reconcile import NAME, TESTED, Reconciliation, reconcile, reconcile_accounts
from coroi.studies.roi.amounts import day_words
from coroi.studies.roi.parts import PROGRAMME, Parts
from coroi.studies.roi.question import Question

CLAIMED = "whether the lines of money claim no more than the money of everybody in the units shows"
COHORT, BROUGHT = "customers of the units at the start", "customers whom they recommended"
_ACCOUNTS = {
    "retention": "contribution margin",
    "spend": "contribution margin",
    "referral": "contribution margin",
    "cost to serve": "cost to serve",
    PROGRAMME: "cost of the programme",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Books:
    """The ledger and what it is held against.

    Parameters
    ----------
    entries : tuple of Entry
    table : pandas.DataFrame
        As :func:`coroi.roi.ledger.ledger_table` gives it.
    whole : Reconciliation or None
        The entries on the margin beside the effect on the margin of everybody in the units.
    accounts : Check or None
        Margin in the data beside what the accounts report; none where no figure was given.
    """

    entries: tuple[Entry, ...]
    table: pd.DataFrame
    whole: Reconciliation | None
    accounts: Check | None

    @property
    def check(self) -> Check | None:
        """Hold the lines against the whole: they may not claim more than it shows; none without the whole."""
        if self.whole is None:
            return None
        claimed = self.whole.conf_high < 0
        return Check(name="ledger", tested=CLAIMED, passed=not claimed, sentence=self.whole.sentence)


def keep_books(question: Question, parts: Parts) -> Books | None:
    """Enter every line with its customers, periods and account, refuse what would count twice, and reconcile.

    Parameters
    ----------
    question, parts
        What was asked, and the lines.

    Raises
    ------
    DataError
        If some money may be counted twice.
    """
    if parts.flows is None:
        return None
    last = question.horizon - 1
    entries = tuple(_entry(name, last, question) for name in parts.flows.names)
    totals = {}
    if "margin" in parts.fits:
        totals["margin"] = line_of(parts.fits["margin"], "margin", n_periods=question.horizon)
    check_overlap(entries, share=apart((COHORT, BROUGHT)), flows=parts.flows, totals=totals)
    whole = None
    if parts.beside is not None and "everyone" in parts.beside.names:
        margins = [e for e in entries if e.account == _account(question, "retention")]
        whole = reconcile(parts.beside, margins, reported="everyone", weights=question.factors, level=parts.level)
    return Books(
        entries=entries,
        table=ledger_table(parts.flows, entries, question.factors, level=parts.level),
        whole=whole,
        accounts=_accounts(question),
    )


def _entry(name: str, last: int, question: Question) -> Entry:
    if question.route == "score":
        account = _ACCOUNTS.get(name, question.score.outcome if question.score is not None else "money")
        return Entry(name=name, customers="customers of the cohort", account=account, first_period=0, last_period=last)
    return Entry(
        name=name,
        customers=BROUGHT if name == "referral" else COHORT,
        account=_account(question, name),
        first_period=0,
        last_period=last,
        part_of="margin" if name in ("retention", "spend") else "",
    )


def _account(question: Question, name: str) -> str:
    """Name the line of the accounts: that of revenue where the data tell no margin."""
    told = "" if question.lines is None else question.lines.money
    return "revenue" if told == "revenue" and _ACCOUNTS[name] == "contribution margin" else _ACCOUNTS[name]


def _accounts(question: Question) -> Check | None:
    if not question.reported:
        return None
    if question.lines is None or question.programme is None:
        said = "Not run: without a roll-out there is no sum over all customers to hold against the accounts."
        return Check(name=NAME, tested=TESTED, passed=None, sentence=said)
    measured = float(question.lines.totals["money"].iloc[-1])
    units = question.programme.units
    frequency: Any = question.frequency
    first, last = first_day(units.start_idx, frequency), last_day(units.last_idx, frequency)
    what = f"the {question.lines.money} of all customers from {day_words(first)} to {day_words(last)}"
    return reconcile_accounts(measured, question.reported, currency=question.currency, what=what)
