"""What a roll-out's own rows say against its estimates: earlier movement, and effects that cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.inference.bands import sup_t
from coroi.inference.cohort_errors import Moved
from coroi.inference.imputed import Imputed
from coroi.inference.roll_outs import RollOut
from coroi.results import Check

NOBODY = "nobody was untreated in that period"
NO_NEVER = "nobody who is never treated was seen in that period"
NO_PAST = "its units have no untreated period"
APART = "no chain of untreated rows joins its units to those untreated in that period"


def lead_check(estimates: pd.DataFrame, moved: Moved, *, level: float, last: int) -> Check:
    """Test that no lead differs from zero, all at once.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Rows of a result, in the order of `moved`.
    moved : Moved
    level : float
        One less the chance of a false alarm.
    last : int
        Event time of the last lead.
    """
    name, tested = "pre_trends", "whether units moved apart before treatment, from untreated rows alone"
    is_lead = (estimates["term"] == "event_time").to_numpy(bool) & (estimates["event_time"] <= last).to_numpy(bool)
    at = np.flatnonzero(is_lead & estimates["identified"].to_numpy(bool))
    if not at.size:
        why = sorted(set(estimates["reason"][is_lead])) if is_lead.any() else ["no lead was asked for"]
        sentence = f"Parallel movement before the start is not tested: {'; '.join(why)}."
        return Check(name=name, tested=tested, passed=None, sentence=sentence)
    table = estimates.loc[at, ["event_time", "estimate", "std_error", "conf_low", "conf_high", "n_units"]]
    time, estimate, error = table[["event_time", "estimate", "std_error"]].to_numpy(float).T
    df = float(np.floor(moved.df[at].min()))
    critical = sup_t(moved.covariance[np.ix_(at, at)], level=level, df=df)
    none = np.where(np.abs(estimate) > 0, np.inf, 0.0)  # exact leads, as in data without noise
    ratio = np.divide(np.abs(estimate), error, out=none, where=error > 0)
    worst, passed = int(np.argmax(ratio)), bool(ratio.max() <= critical)
    periods = f"{-time[worst]:.0f} period{'s' if time[worst] < -1 else ''} before the start"
    leads_told = f"the {len(at)} leads" if len(at) > 1 else "one lead"
    return Check(
        name=name,
        tested=tested,
        passed=passed,
        sentence=(
            f"Of {leads_told}, the one {periods} stands out most: {estimate[worst]:.3g}, {ratio[worst]:.2g} standard "
            f"errors from zero, {'within' if passed else 'beyond'} the {critical:.2g} "
            f"that chance allows. {_POWER if passed else _MOVED}"
        ),
        table=table.assign(critical=critical).reset_index(drop=True),
    )


_POWER = "A test that passes does not prove that trends are parallel; the intervals show what it could have missed."
_MOVED = "Units moved apart before treatment, so that the estimates hold more than an effect."


def why_lost(found: Imputed) -> np.ndarray:
    """Say of each row why its effect cannot be told, shape (n,); empty where it can."""
    nobody = NOBODY if (found.tells == found.untreated).all() else NO_NEVER
    told = np.where(~found.has_period, nobody, np.where(~found.has_entity, NO_PAST, APART)).astype(object)
    told[found.estimable] = ""
    return told


def lost_check(roll_out: RollOut, found: Imputed) -> Check:
    """List the cells of cohort and period whose effects cannot be told.

    Parameters
    ----------
    roll_out : RollOut
    found : Imputed
    """
    lost = roll_out.affected & ~found.estimable
    cells = pd.DataFrame(
        {"cohort": roll_out.first[lost], "period": roll_out.period[lost], "reason": why_lost(found)[lost].astype(str)}
    )
    if lost.any():  # a unit has one row a period, so that rows of a cell are its units
        cells = cells.groupby(["cohort", "period", "reason"]).size().rename("n_units").reset_index()
    n, all_rows = int(lost.sum()), int(roll_out.affected.sum())
    return Check(
        name="lost_cells",
        tested="whether untreated rows tell what each treated row would have been",
        passed=n == 0,
        sentence=(
            f"All {all_rows:,} treated rows have untreated ones to compare with."
            if n == 0
            else f"{n:,} of {all_rows:,} treated rows, in {len(cells):,} cells of cohort and period, have nothing to "
            "compare with and are in no figure: averages speak of the others."
        ),
        table=cells,
    )
