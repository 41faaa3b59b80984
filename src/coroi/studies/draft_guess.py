"""Guesses, from column names and values, at which table each export is and what its columns mean."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from coroi.schemas import EXIT_FLAG, TABLES, Column
from coroi.studies.draft_look import Look, LookedAt
from coroi.studies.draft_words import (
    ANSWER,
    KEY,
    LEFT_WORDS,
    MAY_JOIN,
    METRICS,
    NO_SCORE,
    PLAIN_WORDS,
    QUESTION,
    ROLES,
    SCALES,
    SCORE,
)

# A history goes before a snapshot, and what rates several brands before what rates one.
_FIRST = ("competitors", "subscriptions", "transactions", "responses", "snapshot")
_LAST = ("customers",)  # nearly every export has what makes a table of customers
_MAY_SHARE = {*_FIRST[1:], "touchpoints"}  # a ticket may hold both a score and what the firm measured
_ALSO_NEEDED = {
    "transactions": {"amount"},
    "referrals": {"new_customer_id"},
    "firms": {"satisfaction"},
}
_MARKS = {
    "touchpoints": {"response_minutes", "handle_minutes", "resolved_first_time", "on_time"},
    "subscriptions": {"end_at", "subscription_id"},
    "programme": {"unit_id", "customer_id"},
    "competitors": {"respondent_id", "customer_id"},
    "usage": {"amount", "share_of_wallet"},
}


class Match(NamedTuple):
    """A column that may be ours, and how far down the list of likely names it was found."""

    look: Look
    column: str
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What one export seems to be.

    Parameters
    ----------
    table : str
        Our table.
    file : LookedAt
        The export.
    columns : Mapping of str to Match
        Our columns.
    scores : Mapping of str to Look
        Metric to column.
    joins : tuple of (LookedAt, str, str)
        Files to join, with the key's name here and there.
    """

    table: str
    file: LookedAt
    columns: Mapping[str, Match]
    scores: Mapping[str, Look] = field(default_factory=dict)
    joins: tuple[tuple[LookedAt, str, str], ...] = ()

    @property
    def weight(self) -> float:
        """How much of the table was found; likelier names count more, joins and ids shared by rows a little less."""
        found = sum(1 - match.rank / 10 for match in self.columns.values())
        return found + len(self.scores) - 0.05 * len(self.joins)


def guess_tables(files: list[LookedAt]) -> list[Guess]:
    """Guess which export holds which table; files that more telling tables took are left to those."""
    found: dict[str, Guess] = {}
    for table in (*_FIRST, *(t for t in TABLES if t not in _FIRST + _LAST), *_LAST):
        needed = {*TABLES[table].required, *_ALSO_NEEDED.get(table, ())}
        if table == "snapshot" and {"subscriptions", "transactions"} & set(found):
            continue
        guesses = [g for file in files if needed <= set((g := _guess(table, file, files)).columns) and _is_one(g)]
        taken = {g.file.name for t, g in found.items() if not {t, table} <= _MAY_SHARE}
        guesses = [g for g in guesses if g.file.name not in taken]
        if guesses:
            found[table] = max(guesses, key=lambda g: g.weight)
    order = [t for t in ROLES if t in found]
    return [found[t] for t in order]


def guess_exit_flags(files: Iterable[LookedAt]) -> list[Guess]:
    """Guess which exports say, beside the contracts or purchases, that a customer has left."""
    guesses = (_guess("exit_flags", file, []) for file in files)
    return [g for g in guesses if "customer_id" in g.columns and len(g.columns) > 1]


def guess_scale(look: Look) -> tuple[float, float]:
    """Guess the ends of a scale from the smallest and largest answer, and from the name."""
    low, high = (min(look.numbers), max(look.numbers)) if look.numbers else (0.0, 10.0)
    if re.search("nps|recommend", look.key) and low >= 0 and high <= 10:
        return (0, 10)
    fitting = ((a, b) for a, b in SCALES if a <= low and high <= b)
    return next(fitting, (math.floor(low), math.ceil(high)))


def usual_metric(key: str) -> str:
    """Name the usual metric that a normalised name speaks of, or return empty text."""
    return next((m for p, m in METRICS.items() if re.search(p, key)), "")


def metric_name(key: str) -> str:
    """Make a metric's name of a normalised name."""
    return re.sub(r"\A[^a-z]+", "", key)[:40]


def guess_values(look: Look) -> dict[str, bool]:
    """Say what a flag's words mean; nothing for words such as yes and no, which need no saying."""
    if all(word.casefold() in PLAIN_WORDS for word in look.words):
        return {}
    return {word: word.casefold() in LEFT_WORDS for word in look.words}


def _is_one(guess: Guess) -> bool:
    """Tell whether a guess has what makes the table one, beside its required columns."""
    if guess.table == "responses":
        return bool(guess.scores) or "score" in guess.columns
    if guess.table in _MARKS:
        return bool(_MARKS[guess.table] & set(guess.columns))
    if "customer_id" not in guess.columns:
        return True
    who = guess.columns["customer_id"].look
    if guess.table == "customers":
        return who.is_unique and len(guess.columns) > 1
    return guess.table != "snapshot" or who.is_unique


def _guess(table: str, file: LookedAt, files: list[LookedAt]) -> Guess:
    """Match a file's columns, then join other files as long as one of them adds a column that is wanted."""
    guess = Guess(table=table, file=file, columns=_match(table, file.columns))
    long = _long_scores(file) if table == "responses" else {}
    if long:
        guess = replace(guess, columns={**guess.columns, **long})
    elif table in {"responses", "snapshot"}:
        taken = {match.column for match in guess.columns.values()}
        guess = replace(guess, scores=dict(_scores(look for n, look in file.columns.items() if n not in taken)))
    while len(guess.joins) < 3:
        wider = [_joined(guess, other, *keys) for other in files for keys in _keys(guess, other)]
        better = [w for w in wider if w.weight > guess.weight + 1e-9]
        if not better:
            break
        guess = max(better, key=lambda w: w.weight)
    return guess


def _match(table: str, looks: Mapping[str, Look], only: set[str] | None = None) -> dict[str, Match]:
    matches: dict[str, Match] = {}
    schema = TABLES.get(table, EXIT_FLAG)
    for ours, patterns in ROLES[table].items():
        taken = {m.column for m in matches.values()}
        for rank, column in ((r, c) for r, p in enumerate(patterns) for c in looks if re.fullmatch(p, looks[c].key)):
            fits = column not in taken and _fits(schema.column(ours), looks[column]) and (only is None or ours in only)
            if fits:
                matches[ours] = Match(looks[column], column, rank)
                break
    return matches


def _fits(column: Column, look: Look) -> bool:
    if column.kind == "date":
        return bool(look.date_formats)
    if column.kind == "number":
        return bool(look.numbers)
    if column.kind == "flag":
        return 0 < len(look.words) <= 4 and not look.date_formats
    if column.name in {"segment", "unit_id"}:
        return 1 < len(look.words) <= 100
    return bool(look.words)


def _keys(guess: Guess, other: LookedAt) -> Iterator[tuple[str, str]]:
    """Yield the keys on which a file may be joined: same name, an id, one row each there."""
    if other.name == guess.file.name or other.name in {f.name for f, _, _ in guess.joins}:
        return
    for column, look in _reachable(guess).items():
        for there in other.columns.values():
            is_id = re.search(rf"{KEY}\Z|\Aid\Z", there.key)
            if look.key == there.key and is_id and there.is_unique and there.n_rows > 1:
                yield column, there.name


def _joined(guess: Guess, other: LookedAt, here: str, there: str) -> Guess:
    """Add a file to a guess; what it adds replaces only what was found under a less likely name."""
    wider = replace(guess, joins=(*guess.joins, (other, here, there)))
    added = {c: look for c, look in _reachable(wider).items() if c not in guess.file.columns}
    columns = dict(guess.columns)
    for ours, match in _match(guess.table, added, MAY_JOIN.get(guess.table, set())).items():
        if ours not in columns or match.rank < columns[ours].rank:
            columns[ours] = match
    return replace(wider, columns=columns)


def _reachable(guess: Guess) -> dict[str, Look]:
    """Name all columns of a file and of those joined to it, as they are called after the joins."""
    looks = dict(guess.file.columns)
    for file, _, there in guess.joins:
        for name, look in file.columns.items():
            if name != there:
                looks[f"{Path(file.name).stem}.{name}" if name in looks else name] = look
    return looks


def _long_scores(file: LookedAt) -> dict[str, Match]:
    """Find a column that names the metric beside one that holds the answer."""
    looks = file.columns.items()
    names = (Match(k, c, 0) for c, k in looks if QUESTION.fullmatch(k.key) and 0 < len(k.words) <= 8 and not k.numbers)
    answers = (Match(k, c, 0) for c, k in looks if ANSWER.fullmatch(k.key) and k.numbers)
    metric, score = next(names, None), next(answers, None)
    return {"metric": metric, "score": score} if metric and score else {}


def _scores(looks: Iterable[Look]) -> Iterator[tuple[str, Look]]:
    """Yield columns that look like answers on a scale, each under the name of its metric."""
    names: set[str] = set()
    for look in looks:
        numbers = look.numbers
        if not numbers or not SCORE.search(look.key.replace("_", " ")) or NO_SCORE.search(look.key):
            continue
        if min(numbers) < 0 or max(numbers) > 100 or len(numbers) > 101:
            continue
        usual = usual_metric(look.key) or "rating"
        name = usual if usual not in names else metric_name(look.key)
        if name and name not in names:
            names.add(name)
            yield name, look
