"""The lab's page: how well each estimator does, in words, figures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import nbformat
import pandas as pd

from coroi import report
from coroi.lab.bar import LEAST_COVERAGE, MOST_ALARMS, MOST_COVERAGE
from coroi.lab.figures import coverage_figure, zero_figure
from coroi.lab.validity import SCENARIOS, cells_of, experiments_of, name_of, seeds_of, share
from coroi.report.page import render_page
from coroi.report.words import number, percent, plural

Summary = Mapping[str, Any]
QUESTION = "Do the estimators find what is true, as often as they say?"
_COLUMNS = ["Estimand", "Scenario", "Bar", "Coverage", "Without zero", "Bias", "RMSE", "Mean width", "Truth"]
_COLUMNS += ["Refused", "Replications"]


def lab_page(summary: Summary, *, command: str) -> str:
    """Render the page from a summary.

    Parameters
    ----------
    summary : mapping
        From :func:`coroi.lab.run.sum_up`.
    command : str
        The command that makes it.
    """
    notebook = nbformat.v4.new_notebook(cells=list(_cells(summary)))
    meta = {
        "study": "lab",
        "seed": "; ".join(f"{name} from {first}" for name, first in seeds_of(summary)),
        "coroi": summary["coroi"],
        "versions": dict(sorted(summary["versions"].items())),
        "command": command,
    }
    return render_page(notebook, title="The lab", subtitle=QUESTION, meta=meta)


def lab_answer(summary: Summary) -> report.Answer:
    """Say in one sentence how many headline rows meet the bar, with a card."""
    rows = [row for row in summary["rows"] if row["headline"]]
    count = {bar: sum(row["bar"] == bar for row in rows) for bar in ("met", "short", "open")}
    sentence = f"Of {plural(len(rows), 'headline row')}, {number(count['met'])} meet the bar"
    sentence += f", {number(count['short'])} fall short"
    sentence += f" and {number(count['open'])} are open for want of replications." if count["open"] else "."
    alarms = [row["excludes_zero"] for row in rows if row["zero"] and row["excludes_zero"] is not None]
    causal = [row for row in summary["verdicts"] if row["scenario"] == "confounded"]
    card = [
        ("The bar", f"intervals at 95 % hold the truth in {_span()}; at most {percent(MOST_ALARMS, 1)} false alarms"),
        ("False alarms", f"at most {percent(max(alarms), 1)} where nothing works" if alarms else "not tried"),
        ("False claims of an effect", "; ".join(map(_claims, causal)) or "not tried"),
        ("Replications", f"{number(sum(r['replications'] for r in rows))} in the headline rows, none dropped"),
    ]
    return report.Answer(sentence=sentence, card=tuple(card))


def rows_table(summary: Summary, experiment: str) -> report.Block:
    """Show every row of an experiment."""
    rows = [cells_of(row) for row in summary["rows"] if row["experiment"] == experiment]
    frame = pd.DataFrame([[cell.replace("**", "") for cell in row] for row in rows], columns=_COLUMNS)
    return report.table(frame, caption=f"{experiment}: every estimand and scenario", name=f"lab-{experiment}")


def verdicts_table(summary: Summary) -> report.Block:
    """Show how often verdicts and words claim an effect."""
    frame = pd.DataFrame(
        [
            (
                f"{row['estimand']}, {row['scenario']}",
                row["replications"],
                share(row["causal"] / row["replications"], row["causal_low"], row["causal_high"]),
                "; ".join(f"{label}: {number(n)}" for label, n in sorted(row["labels"].items())),
            )
            for row in summary["verdicts"]
        ],
        columns=["Verdict on", "Replications", "Claims an effect", "Verdicts"],
    )
    return report.table(frame, caption="Verdicts where satisfaction moves nobody", name="lab-verdicts")


def shortfalls(summary: Summary) -> report.Block:
    """List what falls short of the bar, each with the reason found."""
    found = [row for row in summary["rows"] if row["bar"] == "short"]
    reasons = [row["reason"] or "no reason has been found yet" for row in found]
    return report.notes(f"{name_of(row)}: {why}" for row, why in zip(found, reasons, strict=True))


def _cells(summary: Summary) -> Iterator[Any]:
    yield _shown(report.headline(lab_answer(summary)), "report.headline(lab_answer(summary))")
    yield _words("## What was done")
    yield _shown(report.prose(*_done(summary)), "report.prose(*words)")
    for name in experiments_of(summary):
        yield _words(f"## {name.capitalize()}")
        yield _shown(report.prose(_method(summary, name)), f'summary["experiments"]["{name}"]')
        yield _shown(coverage_figure(summary, name), f'coverage_figure(summary, "{name}")')
        yield _shown(zero_figure(summary, name), f'zero_figure(summary, "{name}")')
        yield _shown(rows_table(summary, name), f'rows_table(summary, "{name}")')
    if summary["verdicts"]:
        yield _words("## Verdicts")
        yield _shown(verdicts_table(summary), "verdicts_table(summary)")
    yield _words("## What falls short")
    yield _shown(shortfalls(summary), "shortfalls(summary)")


def _done(summary: Summary) -> tuple[str, ...]:
    sizes = summary["profile"]["sizes"]
    tried = {row["scenario"] for row in summary["rows"]}
    scenarios = "; ".join(f"`{name}`, where {told}" for name, told in SCENARIOS.items() if name in tried)
    return (
        f"Companies of {number(sizes['customers'])} customers and {number(sizes['months'])} months were simulated with "
        "seeds that were fixed before, every estimator was run on each, and its answer was set against the truth. No "
        "seed is dropped; a replication that fails counts as failed.",
        f"The truth in a scenario is the estimand's value in a population of {number(sizes['truth_companies'])} other "
        f"companies of {number(sizes['truth_customers'])} customers, each with a roll-out of its own; in `own` it "
        "follows from the model that the data are drawn from.",
        f"Scenarios: {scenarios}.",
    )


def _method(summary: Summary, name: str) -> str:
    said = summary["experiments"][name]["method"]
    return f"{said[:1].upper()}{said[1:]}."


def _span() -> str:
    return f"{number(100 * LEAST_COVERAGE, 1)} to {percent(MOST_COVERAGE, 1)}"


def _claims(row: Mapping[str, Any]) -> str:
    told = share(row["causal"] / row["replications"], row["causal_low"], row["causal_high"])
    return f"{row['estimand']} under `confounded`: {told}".replace("`", "")


def _words(markdown: str) -> Any:
    return nbformat.v4.new_markdown_cell(markdown, id=_id(markdown))


def _shown(block: report.Block | report.Picture, source: str) -> Any:
    data, metadata = block._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    return nbformat.v4.new_code_cell(source, outputs=[output], id=_id(source))


def _id(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text)[:64].strip("-")
