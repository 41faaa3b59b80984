"""A few words that customers wrote, where the plan asks for them."""

from __future__ import annotations

from coroi.metrics.verbatims import mask_verbatims
from coroi.studies.inputs import Inputs
from coroi.studies.labels import identifiers_in

MOST_READ = 20_000  # texts; a word is common if enough customers used it in these


def example_verbatims(inputs: Inputs) -> tuple[str, ...] | None:
    """Return a few masked texts, or None where the plan does not ask for any.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.

    Returns
    -------
    tuple of str or None
        From the answers to each metric in turn; none of a metric on which few customers wrote.
    """
    if not inputs.plan.privacy.verbatims or "responses" not in inputs.tables:
        return None if not inputs.plan.privacy.verbatims else ()
    answers = inputs.tables["responses"]
    answers = answers.filter(answers["verbatim"].notnull()).select("customer_id", "metric", "verbatim").distinct()
    read = inputs.connection.to_pandas(answers.order_by("verbatim", "customer_id", "metric").limit(MOST_READ))
    known = identifiers_in(inputs.connection, inputs.tables, read["verbatim"])
    smallest = inputs.plan.privacy.smallest_cell
    shown: list[str] = []
    for _, rows in read.groupby("metric", sort=True):
        pairs = zip(rows["customer_id"].astype(str), rows["verbatim"].astype(str), strict=True)
        shown += mask_verbatims(pairs, smallest=smallest, identifiers=known, most=3)
    return tuple(dict.fromkeys(shown))
