"""A pilot's customers as the plan's data show them: who is followed, over which steps, and around which dates."""

from __future__ import annotations

from datetime import date

import numpy as np

from coroi.errors import Problem, StudyError
from coroi.lab.pilot_before import placebo_starts
from coroi.lab.pilot_options import PilotOptions
from coroi.lab.pilot_outcomes import Setting
from coroi.lab.pilot_people import (
    People,
    day_of,
    follow,
    latest_start,
    load_history,
    snapshot_people,
    tellable_units,
)
from coroi.studies.inputs import Inputs


def make_setting(inputs: Inputs, options: PilotOptions) -> tuple[Setting, date | None, str, bool]:
    """Fix a pilot's customers and say how they are looked at.

    Parameters
    ----------
    inputs : Inputs
        The plan and its prepared tables.
    options : PilotOptions
        With the plan's values in the place of what was left out.

    Returns
    -------
    setting : Setting
        The customers.
    start : datetime.date or None
        First day of the period in which they were fixed; ``None`` in a snapshot.
    money : str
        ``margin``, ``revenue`` or empty.
    aside : bool
        Whether the plan's units are left aside, since they hold too few customers to be counted.

    Raises
    ------
    StudyError
        If nothing tells who stays, or the data are shorter than the horizon.
    """
    plan, panel = inputs.plan, inputs.panel
    scale = plan.metrics[options.metric] if options.metric else None
    top = float(scale.scale[1]) if scale is not None else float("nan")
    good = plan.relationship_or_default == "repeat_purchase"
    smallest = plan.privacy.smallest_cell
    snapshot = inputs.tables.get("snapshot")
    if panel is None and snapshot is not None and inputs.connection.execute(snapshot["left"].count()):
        whole = snapshot_people(inputs.connection, snapshot, options.metric, scale)
        return _made(whole, None, (options.horizon,), top, options, (), smallest, good=False), None, "", False
    if panel is None:
        what = "nothing tells who stays: the plan has no contracts, purchases or snapshot of who has left."
        raise StudyError(Problem("design", what, "Map one of these tables; `coroi check` says what is there."))
    money, answers = _money(inputs), inputs.tables.get("responses")
    history = load_history(inputs.connection, panel, answers, metric=options.metric, scale=scale, money=money)
    horizon = options.horizon
    start = latest_start(history, horizon)
    everybody = follow(history, start, [horizon])
    whole = tellable_units(everybody, smallest)
    lengths = steps_of(horizon, options.waves, whole.n_units)
    starts = placebo_starts(history.first, history.last, horizon)
    cohorts = {s: follow(history, s, [horizon]) for s in sorted({*starts, *(s - horizon for s in starts)})}
    dates = tuple((cohorts[s], cohorts[s - horizon]) for s in starts if len(cohorts[s]) and len(cohorts[s - horizon]))
    steps = tellable_units(follow(history, start, lengths), smallest)
    setting = _made(whole, steps, lengths, top, options, dates, smallest, good=good)
    return setting, day_of(history, start), money, whole.n_units != everybody.n_units


def steps_of(horizon: int, waves: int, n_units: int) -> tuple[int, ...]:
    """Cut a horizon into steps, one fewer than waves; no more waves than units or than periods and one more."""
    usable = max(min(waves, horizon + 1, n_units or waves), 2)
    return tuple(len(part) for part in np.array_split(np.arange(horizon), usable - 1))


def _made(
    whole: People,
    steps: People | None,
    lengths: tuple[int, ...],
    top: float,
    options: PilotOptions,
    dates: tuple[tuple[People, People], ...],
    smallest: int,
    *,
    good: bool,
) -> Setting:
    return Setting(
        whole=whole,
        steps=steps,
        lengths=lengths,
        good=good,
        top=top,
        response_rate=options.response_rate,
        dates=dates,
        smallest_cell=smallest,
    )


def _money(inputs: Inputs) -> str:
    assert inputs.panel is not None
    data = inputs.panel.data
    filled = inputs.connection.to_pandas(data.agg(margin=data["margin"].count(), revenue=data["revenue"].count()))
    return next((name for name in ("margin", "revenue") if int(filled[name].iloc[0])), "")
