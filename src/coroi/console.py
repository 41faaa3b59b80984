"""What the commands print: answers, complaints, and progress where somebody looks on."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from coroi.schemas import Need
    from coroi.studies.check import Checked
    from coroi.studies.runner import Run

STUDY_FAILED, UNUSABLE, STOPPED = 1, 2, 130


def show_run(finished: Run) -> None:
    """Print how each study of a run ended, and where the report is; end with 1 where one failed."""
    for study in finished.studies:
        say(f"{study.title}", style="bold")
        say(f"  {study.status}{' (unchanged, not run again)' if study.unchanged else ''}")
        for line in (study.headline or study.message).splitlines():
            say(f"  {line}")
        say(f"  {study.page}")
    say(f"Report: {finished.index}")
    if not finished.done:
        raise typer.Exit(STUDY_FAILED)


def show_check(checked: Checked) -> None:
    """Print the account of every table's rows and which studies can run; end with 2 where something is wrong."""
    for table, lines in checked.ledger.groupby("table", sort=False):
        rows = lines.groupby("step")["rows"].sum()
        say(f"{table!s}: {rows.get('in', 0):,} rows in, {rows.get('out', 0):,} used", style="bold")
        for line in lines[~lines["step"].isin(["in", "out"])].to_dict("records"):
            where = f" (such as rows {line['examples']})" if line["examples"] else ""
            say(f"  {line['step']} {line['rows']:,}: {line['sentence'] or line['rule']}{where}")
            if line["advice"] and not line["advice"].startswith("Nothing"):
                say(f"    {line['advice']}")
    say("Studies", style="bold")
    for study, missing in checked.studies.items():
        say(f"  {study}: " + (f"cannot run, the data lack {missing}" if missing else "can run"))
    if checked.problems:
        say("\n".join(map(str, checked.problems)), error=True)
        raise typer.Exit(UNUSABLE)


def needs_words(need: Need) -> str:
    """Write what a study needs: "customers and responses or snapshot, with a metric"."""
    tables = " or ".join(" and ".join(choice) for choice in need.any_of) or "any table"
    return tables + (", with a metric" if need.metrics else "")


def say(text: str, *, style: str = "", error: bool = False) -> None:
    """Print a text as it is, without characters that steer a terminal."""
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" and c not in "\n\t" else c for c in text
    )
    Console(stderr=error, highlight=False).print(Text(shown, style=style), soft_wrap=True)


@contextmanager
def working(stopped: str = "Stopped. What was there before is as it was.") -> Iterator[Callable[[str], None]]:
    """Show progress where somebody looks on, and end in order when stopped."""
    console = Console(stderr=True)
    try:
        if console.is_terminal:
            with console.status(Text("reading")) as status:
                yield lambda words: status.update(Text(words))
        else:
            yield lambda _words: None
    except KeyboardInterrupt:
        logging.disable()  # the libraries' own words on what was cut off
        say(stopped, error=True)
        raise typer.Exit(STOPPED) from None
