"""The document `docs/validity.md`: what was run, how to read it, and a table for each estimator, all from the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coroi.lab.bar import ENOUGH, LEAST_COVERAGE, MOST_ALARMS, MOST_COVERAGE
from coroi.report.words import MINUS, number, percent, plural

Summary = Mapping[str, Any]
_HEADER = ("estimand", "scenario", "bar", "coverage", "excludes 0", "bias", "RMSE", "width", "truth", "refused", "n")
_BAR = {"met": "met", "short": "**falls short**", "open": "open"}
SCENARIOS = {
    "own": "data arise as the method itself supposes",
    "baseline": "practices work, grow, and pay back",
    "null": "nothing works: satisfaction changes nobody's mind",
    "dip": "a deep valley, then a late pay-off",
    "overspend": "a real effect that costs more than it brings",
    "confounded": "association without effect: who is satisfied by nature stays by nature",
    "small": "a quarter of the surveys, a third of the programme",
}


def validity_words(summary: Summary) -> str:
    """Write the document from a summary; equal summaries give equal text.

    Parameters
    ----------
    summary : mapping
        From :func:`coroi.lab.run.sum_up`, or read from ``validity.json``.
    """
    parts = [_opening(summary), _reading(), *_tables(summary), _verdicts(summary), _short(summary), _made(summary)]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def experiments_of(summary: Summary) -> list[str]:
    """Return the experiments that have rows, in their order; the order of names in a JSON object means nothing."""
    return list(dict.fromkeys(row["experiment"] for row in summary["rows"]))


def seeds_of(summary: Summary) -> list[tuple[str, int]]:
    """Return the first seed of each scenario, lowest first."""
    return sorted(summary["profile"]["first_seeds"].items(), key=lambda pair: pair[1])


def unexplained(summary: Summary) -> list[str]:
    """List the rows that fall short of the bar without a reason."""
    return [name_of(row) for row in summary["rows"] if row["bar"] == "short" and not row["reason"]]


def name_of(row: Mapping[str, Any]) -> str:
    """Name a row: its experiment, estimand and scenario."""
    return f"`{row['experiment']}` {row['estimand']} in `{row['scenario']}`"


def share(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Write a share with its ends: "94.9 % (93.9–95.8)"."""
    if value is None:
        return "–"
    ends = "" if low is None or high is None else f" ({number(100 * low, 1)}–{number(100 * high, 1)})"
    return f"{percent(value, 1)}{ends}"


def figures(value: float | None) -> str:
    """Write a number to three figures."""
    return "–" if value is None else f"{value:.3g}".replace("-", MINUS)


def _opening(summary: Summary) -> str:
    sizes, runs = summary["profile"]["sizes"], summary["profile"]["replications"]
    counts = "; ".join(f"`{name}` {number(runs[name])}" for name in sorted(runs))
    headline = [row for row in summary["rows"] if row["headline"]]
    met, short = (sum(row["bar"] == bar for row in headline) for bar in ("met", "short"))
    seeds = ", ".join(f"`{name}` from {first}" for name, first in seeds_of(summary))
    return f"""# Do the estimators find what is true?

Each estimator ran on many simulated companies whose truth is known. Of {plural(len(headline), "headline row")}
(an estimand in a scenario), {number(met)} meet the bar, {number(short)} fall short and
{number(len(headline) - met - short)} are open. This document is written by `coroi lab` from `validity.json` beside it.

Companies have {number(sizes["customers"])} customers and {number(sizes["months"])} months. Replications in each
scenario: {counts}.

Seeds were fixed before, and run on without a gap: {seeds}. None is dropped, and a
replication that fails counts as failed.

Truth in a scenario is the estimand's value in a population of
{number(sizes["truth_companies"])} other companies of {number(sizes["truth_customers"])} customers, each with a roll-out
of its own; in `own` it follows from the model that the data are drawn from."""


def _reading() -> str:
    scenarios = "\n".join(f"- `{name}`: {meaning}" for name, meaning in SCENARIOS.items())
    return f"""## How to read it

- **bias**: mean error with its Monte Carlo error, and in standard deviations (sd) of the estimate; 0.1 sd costs next to
  no coverage.
- **coverage**: share of 95 % intervals that hold the truth, with its own Monte Carlo interval (Wilson, 95 %).
- **excludes 0**: share of intervals without zero: false alarms where the truth is zero (marked ×), power elsewhere.
- **width**: mean of the intervals that have two ends; beside it the share of sets without bound.
- **refused**: share of replications in which the estimator gives no number, and says why.
- **bar**: coverage from {percent(LEAST_COVERAGE, 1)} to {percent(MOST_COVERAGE, 1)}, and false alarms of at most
  {percent(MOST_ALARMS, 1)}. Below {number(ENOUGH)} replications a row is *open* unless the whole Monte Carlo interval
  lies on one side; so is one whose truth is known only to more than a quarter of the estimate's sd.
- Estimands that studies answer with are in **bold**.

{scenarios}"""


def _tables(summary: Summary) -> Iterator[str]:
    for name in experiments_of(summary):
        said, rows = summary["experiments"][name], [row for row in summary["rows"] if row["experiment"] == name]
        words = {row["estimand"]: said["estimands"][row["estimand"]]["words"] for row in rows}
        meanings = "\n".join(f"- `{each}`: {meaning}" for each, meaning in words.items())
        yield f"## {name}\n\n{_sentence(said['method'])}\n\n{meanings}\n\n{_markdown(_HEADER, map(cells_of, rows))}"


def cells_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Write a row of the summary as the cells of the table."""
    excludes = share(row["excludes_zero"], row["excludes_low"], row["excludes_high"])
    tried = row["replications"]
    bar = _BAR[row["bar"]] + (f", {plural(row['failed'], 'replication')} failed" if row["failed"] else "")
    return (
        f"**{row['estimand']}**" if row["headline"] else row["estimand"],
        row["scenario"],
        bar,
        share(row["coverage"], row["coverage_low"], row["coverage_high"]),
        excludes + (" ×" if row["zero"] else "") + _allowed(row),
        _bias(row),
        figures(row["rmse"]),
        figures(row["mean_width"]) + (f" ({percent(row['unbounded'], 1)} unbounded)" if row.get("unbounded") else ""),
        figures(row["truth"]) + (f" ± {figures(row['truth_error'])}" if row["truth_error"] else ""),
        share(row["refused"] / tried if tried else None),
        number(tried),
    )


def _allowed(row: Mapping[str, Any]) -> str:
    return f", at most {percent(row['at_most'], 1)}" if row.get("at_most") is not None else ""


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _bias(row: Mapping[str, Any]) -> str:
    if row["bias"] is None:
        return "–"
    return f"{figures(row['bias'])} ± {figures(row['bias_error'])} ({number(row['bias_per_sd'], 2)} sd)"


def _verdicts(summary: Summary) -> str:
    rows = summary["verdicts"]
    if not rows:
        return ""
    header = ("verdict on", "scenario", "n", "claims an effect", "verdicts")
    cells = (
        (
            row["estimand"],
            row["scenario"],
            number(row["replications"]),
            share(row["causal"] / row["replications"], row["causal_low"], row["causal_high"]),
            "; ".join(f"{label}: {number(n)}" for label, n in sorted(row["labels"].items())),
        )
        for row in rows
    )
    said = summary["experiments"]["verdicts"]["method"]
    return f"""## Verdicts

{_sentence(said)} It is read where nothing that is done to satisfaction moves anybody. *Claims an effect* is
the share in which a verdict or a sentence of the page says that the score brings retention about.

{_markdown(header, cells)}"""


def _short(summary: Summary) -> str:
    rows = [row for row in summary["rows"] if row["bar"] == "short"]
    if not rows:
        return "## What falls short\n\nNothing."
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        by_reason.setdefault(row["reason"] or "No reason has been found yet.", []).append(name_of(row))
    told = "\n".join(f"- {'; '.join(names)}: {reason}" for reason, names in by_reason.items())
    return f"## What falls short\n\n{told}"


def _made(summary: Summary) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(summary["versions"].items()))
    return f"""## How it was made

`coroi lab --profile {summary["profile"]["name"]}` with coroi {summary["coroi"]}; {versions}."""


def _markdown(header: Sequence[str], rows: Any) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
