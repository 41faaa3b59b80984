"""What can go wrong, said once: what, where, how many, and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from coroi.masking import looks_like_data, mask_text

MOST_SHOWN = 100  # problems that a message spells out
NAMELESS = "Its first line looks like data and is not shown; if there is no header line, name all columns by `names`."
_COMPARED = 200  # characters of a name that are compared, since comparing takes time by their square
_LONGEST = 60  # characters of a name that a hint shows


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a plan or with data.

    Parameters
    ----------
    where : str
        The place: a file with its line, or a table with its column.
    what : str
        What was found there, with counts and row numbers, never a customer's identifier.
    fix : str
        What to do about it.
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" {self.fix}" if self.fix else "")


class CoroiError(Exception):
    """Base of every error that coroi raises on purpose; carries all problems found together.

    Parameters
    ----------
    problems : str or Problem or iterable of Problem
        What went wrong.
    """

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = ()
            message = problems
        else:
            self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
            message = "\n".join(map(str, self.problems[:MOST_SHOWN]))
            if len(self.problems) > MOST_SHOWN:
                message += f"\n… and {len(self.problems) - MOST_SHOWN:,} problems more."
        super().__init__(message)


class PlanError(CoroiError):
    """The plan file cannot be used as it stands."""


class DataError(CoroiError):
    """The data cannot be used as they stand."""


class StudyError(CoroiError):
    """A study was asked for something that it cannot do, or failed while running."""


class ReportError(CoroiError):
    """A page breaks a rule of the house, such as a figure without alt text."""


def raise_together(problems: Iterable[Problem], error: type[CoroiError]) -> None:
    """Raise `error` with all `problems` if there are any."""
    found = tuple(problems)
    if found:
        raise error(found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for the nearest of `known`, or the list of what is known."""
    names = sorted(set(known))
    folded = {n.casefold()[:_COMPARED]: n for n in names}
    near = difflib.get_close_matches(str(name).casefold()[:_COMPARED], folded, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{_short(folded[near[0]])}'?"
    if not names:
        return "Nothing may be given here."
    shown = ", ".join(map(_short, names[:12])) + (" …" if len(names) > 12 else "")
    return f"Known: {shown}."


def hint_at_column(name: str, header: Iterable[str]) -> str:
    """Return what :func:`did_you_mean` says of a file's columns, but quote no first line that may be a customer's."""
    columns = [str(column) for column in header]
    return NAMELESS if looks_like_data(columns) else did_you_mean(name, columns)


def _short(name: str) -> str:
    masked = mask_text(name[: 2 * _LONGEST])
    return masked if len(masked) <= _LONGEST else f"{masked[: _LONGEST - 1]}…"
