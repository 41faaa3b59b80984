"""The register: 25 things that five articles assert of customer obsession, and the data that would test them."""

from __future__ import annotations

from dataclasses import dataclass

from coroi.schemas import Need

SOURCES = {
    "RJ": 'L. Rhodes James, "What does it mean to be customer obsessed?", Medium',
    "MQ": "B. Millet, on the questions of customer-obsessed leaders, WOM10",
    "PE": 'Pease Strategic Edge, "Year of the Customer", January 2017',
    "CB": 'C. Bennett, "Pillar 3 – Customer Experience Mastery"',
    "ML": 'B. Millet, "What it takes to be a Customer Obsessed Leader… 5 Critical Skills", 5 December 2016',
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One assertion, made testable.

    Parameters
    ----------
    id : str
        C01 to C25.
    sources : tuple of str
        Keys of ``SOURCES``.
    text : str
        The assertion, in our words.
    study : str
        The study that tests it.
    need : Need
        Tables and columns without which it cannot be tested.
    """

    id: str
    sources: tuple[str, ...]
    text: str
    study: str
    need: Need


_OUTCOME = (("subscriptions",), ("transactions",))


def _with_outcome(*tables: str) -> tuple[tuple[str, ...], ...]:
    return tuple((*tables, *outcome) for outcome in _OUTCOME)


def _claim(
    number: int,
    sources: str,
    study: str,
    text: str,
    *any_of: tuple[str, ...],
    metrics: bool = False,
    columns: tuple[str, ...] = (),
) -> Claim:
    return Claim(f"C{number:02d}", tuple(sources.split()), text, study, Need(any_of, metrics=metrics, columns=columns))


_ANSWERS = _with_outcome("responses")

CLAIMS: tuple[Claim, ...] = (
    _claim(
        1,
        "RJ",
        "drivers",
        "What customers say of their own need foretells behaviour better than the firm's service measures",
        *_with_outcome("responses", "touchpoints"),
        metrics=True,
    ),
    _claim(
        2,
        "RJ",
        "trust",
        "Reliability earns trust, and trust keeps customers",
        *_with_outcome("responses", "touchpoints"),
        metrics=True,
    ),
    _claim(
        3,
        "RJ PE",
        "competitors",
        "Where you rank among rivals matters more than your score alone",
        *_with_outcome("competitors"),
    ),
    _claim(
        4,
        "RJ",
        "pilot",
        "Following up after a bad contact keeps what the follow-up gained",
        *_with_outcome("responses", "programme"),
        metrics=True,
    ),
    _claim(
        5,
        "RJ",
        "drivers",
        "Solving it right the first time beats answering fast",
        *_with_outcome("touchpoints"),
        columns=("touchpoints.response_minutes", "touchpoints.resolved_first_time"),
    ),
    _claim(
        6,
        "MQ",
        "retention",
        "The pay-off sits at the top of the scale: delight gains more than mere satisfaction",
        *_ANSWERS,
        ("snapshot",),
        metrics=True,
    ),
    _claim(
        7, "MQ", "decision", "Choosing changes by what they do for customers beats choosing by margin", ("changes",)
    ),
    _claim(
        8,
        "MQ CB",
        "consistency",
        "One weak department undoes the work of the others",
        *_ANSWERS,
        metrics=True,
        columns=("responses.touchpoint",),
    ),
    _claim(
        9,
        "PE",
        "listening",
        "What customers write carries signal beyond their score",
        *_ANSWERS,
        metrics=True,
        columns=("responses.verbatim",),
    ),
    _claim(
        10,
        "PE",
        "listening",
        "What customers do tells more than what they say they will do",
        *_with_outcome("responses", "usage"),
        metrics=True,
    ),
    _claim(
        11,
        "PE",
        "drivers",
        "Excellence pays most where customers depend on you most",
        *_with_outcome("responses", "usage"),
        metrics=True,
    ),
    _claim(
        12,
        "PE",
        "programme",
        "Practices such as ride-alongs and client panels raise experience and pay back",
        *_with_outcome("programme", "costs"),
    ),
    _claim(13, "CB", "roi", "Profit falls first and rises later", *_with_outcome("programme", "costs")),
    _claim(
        14, "CB", "trust", "Advice that puts the customer first pays, a lost sale included", *_with_outcome("advice")
    ),
    _claim(
        15,
        "CB",
        "firms",
        "Firms that get there reach the top of their market and stay",
        ("firms",),
        columns=("firms.satisfaction", "firms.industry"),
    ),
    _claim(
        16, "CB", "roi", "Chasing each quarter's profit rules the investment out", *_with_outcome("programme", "costs")
    ),
    _claim(
        17,
        "CB",
        "firms",
        "Earnings given up for customers come back as value of the firm",
        ("firms",),
        ("firms", "firm_returns", "factors"),
        columns=("firms.satisfaction", "firms.earnings", "firms.market_value"),
    ),
    _claim(
        18,
        "ML",
        "roi",
        "Results dip before they rise, and who stops in the dip loses the gain",
        *_with_outcome("programme"),
    ),
    _claim(
        19,
        "ML",
        "programme",
        "Half a commitment fails, and so does one that is broken off",
        *_with_outcome("programme"),
    ),
    _claim(
        20,
        "ML",
        "obsession index",
        "Units whose stated values point at the customer do better",
        *_with_outcome("practices", "customers"),
        columns=("customers.unit_id",),
    ),
    _claim(
        21,
        "ML",
        "obsession index",
        "Units whose leaders do as they say do better",
        *_with_outcome("practices", "customers"),
        columns=("customers.unit_id",),
    ),
    _claim(22, "ML", "consistency", "Steady experience keeps customers, at the same average", *_ANSWERS, metrics=True),
    _claim(
        23,
        "ML",
        "obsession index",
        "Recognising people's work for customers carries the change",
        *_with_outcome("recognition", "responses", "customers"),
        metrics=True,
        columns=("customers.unit_id",),
    ),
    _claim(
        24,
        "ML",
        "programme",
        "Programmes with a leader behind them work; those without do not",
        *_with_outcome("programme"),
        columns=("programme.leader_sponsor",),
    ),
    _claim(
        25,
        "ML MQ",
        "customer value",
        "Customers of obsessed firms bring in other customers",
        *_with_outcome("responses", "referrals"),
        metrics=True,
    ),
)


def enables(table: str) -> tuple[Claim, ...]:
    """Return the claims that a table helps to test: those that name it in one of their choices of tables."""
    return tuple(c for c in CLAIMS if any(table in choice for choice in c.need.any_of))


def enabled_ids(table: str) -> str:
    """Write the ids of the claims that a table helps to test, neighbours as a range: "C01–C03, C07"."""
    numbers = [int(claim.id[1:]) for claim in enables(table)]
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    return ", ".join(_range(a, b) for a, b in zip(starts, ends, strict=True))


def _range(start: int, end: int) -> str:
    if end - start < 2:
        return ", ".join(f"C{n:02d}" for n in range(start, end + 1))
    return f"C{start:02d}–C{end:02d}"
