"""The studies that come with coroi: the question each answers, what it needs, the claims that it tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coroi.schemas import Need
from coroi.studies.bundled import notebooks_folder


@dataclass(frozen=True, slots=True)
class Study:
    """One notebook and what stands around it.

    Parameters
    ----------
    name : str
        Name in plans and paths; the notebook's too.
    title : str
        Title of the page.
    question : str
        What it answers.
    need : Need
        Tables without which it is skipped.
    claims : tuple of str
        Claims that it gives a verdict on.
    """

    name: str
    title: str
    question: str
    need: Need
    claims: tuple[str, ...] = ()


STUDIES: dict[str, Study] = {
    s.name: s
    for s in (
        Study(
            "readiness",
            "What this data can bear",
            "What came in, what was left out and why, who answers, and which questions can be asked of it?",
            Need(any_of=()),
        ),
        Study(
            "retention",
            "Who stays",
            "Do customers who scored higher stay more often, by how much, and how sure is that?",
            Need(
                any_of=(("responses", "subscriptions"), ("responses", "transactions"), ("snapshot",)),
                metrics=True,
                columns=("snapshot.left",),
            ),
            claims=("C06",),
        ),
        Study(
            "profit",
            "What a point is worth",
            "How much money goes with a better score, after how long, and which way does the arrow run?",
            Need(any_of=(("responses", "transactions"), ("responses", "subscriptions")), metrics=True),
        ),
        Study(
            "programme",
            "Did the programme work",
            "What did the roll-out change, for whom, by how much, and what would a referee say?",
            Need(
                any_of=(("programme", "subscriptions"), ("programme", "transactions")), columns=("programme.start_at",)
            ),
            claims=("C12", "C19", "C24"),
        ),
        Study(
            "pilot",
            "What the pilot showed",
            "What did it change for the single customers it was given to, by how much, and was it drawn by lot?",
            Need(
                any_of=(("programme", "subscriptions"), ("programme", "transactions"), ("snapshot",)),
                columns=("programme.customer_id", "snapshot.arm"),
            ),
            claims=("C04",),
        ),
        Study(
            "roi",
            "Does it pay, and when",
            "What did it bring and cost, when is it paid back, how sure is that, and what speaks against it?",
            Need(
                any_of=(
                    ("programme", "subscriptions"),
                    ("responses", "subscriptions"),
                    ("programme", "transactions"),
                    ("responses", "transactions"),
                ),
            ),
            claims=("C13", "C16", "C18"),
        ),
        Study(
            "firms",
            "What satisfied customers are worth to firms",
            "Do firms that satisfy customers more come to be worth more, and to lead their industries?",
            Need(any_of=(("firms",),), columns=("firms.satisfaction",)),
            claims=("C15", "C17"),
        ),
    )
}


def notebook_of(study: str) -> Path:
    """Return the path of a study's notebook.

    Parameters
    ----------
    study : str
        A key of ``STUDIES``.
    """
    return notebooks_folder() / f"{study}.ipynb"
