"""Start a project: a commented plan with table templates, or a plan drafted from looking at exports."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from coroi.errors import PlanError, Problem, raise_together
from coroi.schemas import EXIT_FLAG, TABLES
from coroi.studies.draft_text import named, one_line, quoted

if TYPE_CHECKING:
    from coroi.studies.draft_guess import Guess, Match
    from coroi.studies.draft_look import Look, LookedAt

_CURRENCIES = re.compile(r"(?<![a-z])(usd|eur|gbp|chf|brl|jpy|cny|inr|aud|cad|sek|nok|dkk|pln|czk|mxn)(?![a-z])")
_STATUS = re.compile(r"(\w+_)?(status|state_of_order|is_test|is_trial)\Z")


@dataclass(slots=True)
class _Metrics:
    """Metrics met while tables are drafted, each with its guessed scale and what tells it."""

    scales: dict[str, tuple[tuple[float, float], str]] = field(default_factory=dict)

    def add(self, name: str, look: Look, said: str) -> None:
        from coroi.studies.draft_guess import guess_scale

        if not look.numbers:
            self.scales.setdefault(name, ((0, 10), f"check: {said} holds no numbers"))
            return
        seen = f"check: a guess, {said} runs from {min(look.numbers):g} to {max(look.numbers):g}"
        self.scales.setdefault(name, (guess_scale(look), seen))


def table_templates() -> dict[str, str]:
    """Return, by table, a CSV file with the header line and no rows."""
    return {name: ",".join(schema.names) + "\n" for name, schema in TABLES.items()}


def draft_plan(folder: Path | None, *, plan_folder: Path | None = None, name: str | None = None) -> str:
    """Write the text of a commented plan.

    Parameters
    ----------
    folder : Path or None
        Exports to look at; without any, the plan explains every key and reads the table templates.
    plan_folder : Path, optional
        Folder that the plan is written to, and that its paths start from; that of the exports if left out.
    name : str, optional
        What to call the plan; the folder's name if left out.

    Returns
    -------
    str
        Valid YAML.

    Raises
    ------
    PlanError
        If there is no such folder, or no CSV, Parquet or Excel file in it.
    """
    template = resources.files("coroi.studies").joinpath("templates/plan.yaml").read_text(encoding="utf-8")
    if folder is None:
        return template.replace("name: my-company", f"name: {_slug(name or 'my-company')}")
    if not folder.is_dir():
        raise PlanError(Problem(str(folder), "this is not a folder.", "Give the folder that holds the exports."))
    from coroi.studies.draft_look import look_at

    files, unread = look_at(folder)
    if not files and not unread:
        what = "no file is CSV, Parquet or Excel by its ending."
        raise PlanError(Problem(str(folder), what, "Give the folder that holds the exports."))
    prefix = _relative(folder, plan_folder or folder)
    return "\n".join(_drafted(_slug(name or folder.resolve().name), files, unread, prefix)) + "\n"


def write_project(folder: Path, exports: Path | None = None) -> list[Path]:
    """Write a plan and, where there are no exports to draft it from, the table templates that it reads.

    Parameters
    ----------
    folder : Path
        Where to write; made if it is missing.
    exports : Path, optional
        Exports to draft the plan from.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    PlanError
        If a file is there already; nothing is written then.
    """
    if folder.exists() and not folder.is_dir():
        raise PlanError(Problem(str(folder), "this is a file.", "Name a folder."))
    texts = {folder / "plan.yaml": draft_plan(exports, plan_folder=folder, name=folder.resolve().name)}
    if exports is None:
        texts |= {folder / "tables" / f"{table}.csv": text for table, text in table_templates().items()}
    fix = "Nothing was written. Name another folder, or move the file."
    raise_together((Problem(str(p), "is there already.", fix) for p in texts if p.exists()), PlanError)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    return list(texts)


def _drafted(name: str, files: list[LookedAt], unread: dict[str, str], prefix: str) -> Iterator[str]:
    from coroi.studies.draft_guess import guess_exit_flags, guess_tables

    tables = guess_tables(files)
    history = any(g.table in {"subscriptions", "transactions"} for g in tables)
    flags = guess_exit_flags(files) if history else []
    metrics = _Metrics()
    blocks = [line for guess in tables for line in _table(guess, guess.table, metrics, prefix)]
    flag_blocks = [line for guess in flags for line in _table(guess, _flag_name(guess), metrics, prefix)]
    used = {g.file.name for g in [*tables, *flags]} | {f.name for g in tables for f, _, _ in g.joins}
    yield from _head(name, files)
    yield "metrics:" if metrics.scales else "metrics: {}  # check: no column looks like answers on a scale"
    for metric, ((low, high), said) in metrics.scales.items():
        yield from (f"  {metric}:", f"    scale: [{low:g}, {high:g}]  # {said}")
    yield from ("", "# Ours: the file's. Every mapping was guessed from names and values: check each.")
    yield "tables:" if blocks else "tables: {}  # check: no file looks like one of the tables that a plan can have"
    yield from blocks
    for file in (f for f in files if f.name not in used):
        sheet = "; its first sheet, `sheet` reads another" if ".xls" in file.name.lower() else ""
        yield f"  # not used: {one_line(file.name)} ({named(list(file.columns))}{sheet})"
    yield from (f"  # could not be read: {one_line(file)}: {one_line(why)}" for file, why in unread.items())
    if unread or any(f.name not in used for f in files):
        yield ""
    if flag_blocks:
        yield from (
            "# Other statements that a customer has left, compared with the exits that the tables show.",
            "exit_flags:",
        )
        yield from flag_blocks
    yield from ("studies:", "  readiness:", "  retention:")
    yield from (f"    # metric: {metric}" for metric in list(metrics.scales)[:1])


def _head(name: str, files: list[LookedAt]) -> Iterator[str]:
    keys = " ".join(c.key.replace("_", " ") for f in files for c in f.columns.values())
    told = _CURRENCIES.search(keys)
    yield "# Drafted from looking at the exports; every guess to be checked says so. `coroi init DIR` without exports"
    yield "# writes a plan that explains every key."
    yield ""
    yield f"name: {name}"
    code, said = (told.group().upper(), "told by a column's name") if told else ("EUR", "not told by any column's name")
    yield f"currency: {code}  # check: {said}"
    yield "period: month  # check: week, month, quarter or year"
    yield "grace_days: 30  # check: a gap longer than this is an exit"
    yield "horizon: 12"
    yield "discount_rate_annual: 0.10"
    yield "smallest_effect: 0.01  # one percentage point of retention"
    yield ""


def _table(guess: Guess, name: str, metrics: _Metrics, prefix: str) -> Iterator[str]:
    from coroi.claims import enabled_ids

    schema = TABLES.get(guess.table, EXIT_FLAG)
    yield f"  {name}:  # {schema.row}"
    if guess.table in TABLES:
        yield f"    # for the claims {enabled_ids(guess.table)}"
    yield f"    path: {quoted(prefix + guess.file.name)}"
    if guess.joins:
        yield "    join:"
    for file, here, there in guess.joins:
        on = quoted(here) if here == there else f"{{{quoted(here)}: {quoted(there)}}}"
        yield from (f"      - path: {quoted(prefix + file.name)}", f"        on: {on}")
    yield "    columns:"
    for ours in (c for c in schema.names if c in guess.columns):
        note = _note(guess, ours)
        yield f"      {ours}: {quoted(guess.columns[ours].column)}" + (f"  # check: {note}" if note else "")
    if guess.scores:
        yield "    scores:"
    for metric, look in guess.scores.items():
        metrics.add(metric, look, one_line(look.name))
        yield f"      {metric}: {quoted(look.name)}"
    yield from _values(guess, metrics)
    if schema.takes_scale:
        yield _scale(guess.columns["score"])
    order = guess.columns.get("transaction_id")
    if guess.table == "transactions" and order and not order.look.is_unique:
        yield "    group: transaction_id  # several lines share one: they are summed"
    yield from _dates(guess)
    yield from _leftovers(guess)
    yield ""


def _scale(score: Match) -> str:
    from coroi.studies.draft_guess import guess_scale

    low, high = guess_scale(score.look)
    return f"    scale: [{low:g}, {high:g}]  # check: a guess from the values of {one_line(score.column)}"


def _note(guess: Guess, ours: str) -> str:
    column = guess.columns[ours].column
    if ours == "customer_id" and guess.table == "transactions" and guess.columns[ours].look.is_unique:
        return "no two rows share one; is it a person, or an order?"
    if ours == "answered_at" and guess.columns[ours].rank:
        return "is this when the answer was given?"
    if ours == "weight" and guess.columns[ours].rank:
        return "is this a survey weight?"
    if ours == "tenure_months" and "month" not in guess.columns[ours].look.key:
        return "in months?"
    if ours in {"left", "flag"} and not any(
        w.casefold() in {"yes", "true", "1"} for w in guess.columns[ours].look.words
    ):
        return f"is this what {one_line(column)} says?"
    return ""


def _values(guess: Guess, metrics: _Metrics) -> Iterator[str]:
    from coroi.studies.draft_guess import guess_values, metric_name, usual_metric
    from coroi.studies.draft_look import Look, normalised

    flag = guess.columns.get("left") or guess.columns.get("flag")
    meanings = guess_values(flag.look) if flag else {}
    if meanings:
        yield from (
            "    values:",
            f"      {'left' if 'left' in guess.columns else 'flag'}:  # check: what each word means",
        )
        yield from (f"        {quoted(word)}: {str(left).lower()}" for word, left in meanings.items())
    if guess.table != "responses" or "score" not in guess.columns:
        return
    question, score = guess.columns["metric"], guess.columns["score"]
    yield from ("    values:", "      metric:")
    for i, word in enumerate(question.look.words, 1):
        key = normalised(word)
        name = usual_metric(key) or metric_name(key) or f"metric_{i}"
        answers = guess.file.rows.loc[question.look.cells[question.look.cells == word].index, score.column].dropna()
        metrics.add(name, Look(word, answers.str.strip(), len(answers)), one_line(word))
        yield f"        {quoted(word)}: {name}"


def _dates(guess: Guess) -> Iterator[str]:
    dates = [m.look for m in guess.columns.values() if m.look.date_formats]
    formats = list(dict.fromkeys(d.date_formats[0] or "%Y-%m-%d" for d in dates))
    unsure = [d.name for d in dates if len(d.date_formats) > 1]
    if formats and formats != ["%Y-%m-%d"]:
        written = json.dumps(formats[0]) if len(formats) == 1 else json.dumps(formats)
        note = f"check: day and month cannot be told apart in {named(unsure)}" if unsure else "told from the values"
        yield f"    date_format: {written}  # {note}"


def _leftovers(guess: Guess) -> Iterator[str]:
    """Name the columns that are not used, and those whose words may mark rows to leave out."""
    used = {m.column for m in guess.columns.values()} | {look.name for look in guess.scores.values()}
    looks = [guess.file, *(f for f, _, _ in guess.joins)] if guess.table == "transactions" else []
    for look in (c for f in looks for c in f.columns.values()):
        if _STATUS.match(look.key) and 1 < len(look.words) <= 12:
            words = ", ".join(map(one_line, look.words))
            yield f"    # check: {one_line(look.name)} holds {words}; `where` can leave rows out"
    rest = [c for c in guess.file.columns if c not in used]
    if rest:
        yield f"    # not used: {named(rest)}"


def _flag_name(guess: Guess) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", PurePosixPath(guess.file.name).stem.casefold()).strip("_")
    return stem or "flag"


def _relative(exports: Path, plan_folder: Path) -> str:
    """Write the way from the plan to the exports, with a closing slash; the whole path where it is far."""
    way = Path(os.path.relpath(exports.resolve(), plan_folder.resolve()))
    if way == Path():
        return ""
    return (exports.resolve() if way.parts.count("..") > 2 else way).as_posix() + "/"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.casefold()).strip("-_")[:64] or "my-company"
