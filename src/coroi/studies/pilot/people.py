"""Who took part in a pilot of single customers: by the table `programme`, or by the arms of a snapshot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import ibis
import numpy as np
import pandas as pd

from coroi.errors import StudyError, did_you_mean
from coroi.masking import mask_text
from coroi.prepare.calendar import index_of
from coroi.prepare.campaigns import campaigns
from coroi.prepare.follow_ups import FollowUps, follow_ups
from coroi.report.privacy import fewer_than
from coroi.report.words import plural
from coroi.schemas import Panel
from coroi.studies.inputs import Inputs, choose_metric
from coroi.studies.labels import identifiers_in

Source = Literal["snapshot", "answers", "money"]
_ARMS = {1: "treatment", 0: "control"}
_WORDS = re.compile(r"[^\W\d_]([^\W\d_]|[ -]){0,29}")
ONE_ARM = "everybody is in one arm, so that there is nobody to compare with"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Who is compared with whom.

    Parameters
    ----------
    source : str
        ``snapshot``; ``answers`` that follow-ups were triggered by; or ``money`` before, where there are no answers.
    trial : pandas.DataFrame
        One row a customer: ``entity, followed`` (1 or 0), ``arm, money, staying, score`` (what came later; NaN where it
        is not known) and, but for a snapshot, ``period, trigger, earlier, start`` (what customers are matched by: the
        answer, or the band of money before; the same from before; and what the slide starts from).
    matched : pandas.DataFrame
        The same by customer and period, where one customer may be there several times; empty for a snapshot.
    drawn : bool
        Whether a lot was drawn who is treated.
    share : float
        Planned share of the treatment; NaN where it is not told.
    flow : pandas.DataFrame
        ``step, customers``: who is in and who is not.
    called : str
        What the money is, within a sentence.
    practice : str
        Name of the practice, masked; empty for a snapshot.
    metric : str
        Metric of the answers; empty without.
    each : str
        What one row is, such as a customer.
    n_others, n_without : int
        Other practices of single customers, and follow-ups without an answer before them.
    reason : str
        Why nobody can be compared; empty where somebody may.
    """

    source: Source
    trial: pd.DataFrame = field(default_factory=pd.DataFrame)
    matched: pd.DataFrame = field(default_factory=pd.DataFrame)
    drawn: bool = False
    share: float = np.nan
    flow: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"step": [], "customers": []}))
    called: str = "money"
    practice: str = ""
    metric: str = ""
    each: str = "customer"
    n_others: int = 0
    n_without: int = 0
    reason: str = ""


def people_of(inputs: Inputs, *, metric: str, practice: str, horizon: int, each: str = "customer") -> People:
    """Return who is compared, from the arms of a snapshot where it has any, else from the table `programme`.

    Parameters
    ----------
    inputs : Inputs
        From :func:`coroi.open_inputs`.
    metric, practice : str
        Empty for the usual one.
    horizon : int
        Periods that customers are followed for.
    each : str
        What one row of a snapshot is: a word, or a few.

    Raises
    ------
    StudyError
        If there is neither, no panel, no such metric or practice, or a row is told to be no customer without a
        snapshot that has arms.
    """
    snapshot = inputs.tables.get("snapshot")
    if not _WORDS.fullmatch(each):
        raise StudyError("`each` is a word or a few for what one row is, such as day, of 30 letters at most.")
    if snapshot is not None and inputs.connection.execute(snapshot["arm"].count()):
        return _of_snapshot(inputs, metric, each)
    if each != "customer":
        raise StudyError("`each` says what one row of a snapshot with an 'arm' is, and there is none.")
    if "programme" not in inputs.tables:
        raise StudyError("Nothing tells who took part: there is no table 'programme', and no snapshot with an 'arm'.")
    if inputs.panel is None:
        raise StudyError("There is no panel: the plan has neither contracts nor purchases that can be used.")
    return _of_programme(inputs, inputs.panel, metric, practice, horizon)


def planned(rows: pd.DataFrame) -> tuple[float, str]:
    """Return the planned share of the treatment, and why the shares are none.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``arm, planned_share``.
    """
    by_arm = rows.dropna(subset=["arm", "planned_share"]).groupby("arm")["planned_share"]
    if by_arm.nunique().max() > 1:
        return np.nan, "the rows of an arm name several planned shares"
    share = by_arm.first().to_dict()
    if {"treatment", "control"} <= set(share) and abs(sum(share.values()) - 1) > 0.005:
        return np.nan, "the planned shares of the two arms do not add up to one"
    told = share.get("treatment", 1 - share.get("control", np.nan))
    return float(told), "" if not told <= 0 and not told >= 1 else "the plan gives an arm nobody or everybody"


def _of_snapshot(inputs: Inputs, metric: str, each: str) -> People:
    table, name = inputs.tables["snapshot"], choose_metric(inputs, metric) if metric else ""
    more = {"score": table[name]} if name else {}
    frame = inputs.connection.to_pandas(table.select("arm", "planned_share", "left", "margin", "revenue", **more))
    arms = frame[frame["arm"].notna()].reset_index(drop=True)
    money = next((c for c in ("margin", "revenue") if arms[c].notna().any()), "")
    followed = (arms["arm"] == "treatment").astype(int)
    trial = arms.assign(
        entity=np.arange(len(arms)), followed=followed, staying=1.0 - _number(arms["left"]), money=np.nan
    )
    if money:
        trial["money"] = arms[money].astype(float)
    share, reason = planned(arms)
    steps = {f"{each}s in the snapshot": len(frame), "in no arm": len(arms) - len(frame), "compared": len(arms)}
    return People(
        source="snapshot",
        trial=trial.drop(columns=["left", "margin", "revenue", "planned_share"]),
        drawn=True,
        share=share,
        flow=_flow(steps),
        called=f"{money}{' a month' if each == 'customer' else ''}" if money else "money",
        metric=name,
        each=each,
        reason=reason or too_few(trial, inputs.plan.privacy.smallest_cell),
    )


def _number(flag: pd.Series) -> np.ndarray:
    """Return 1, 0 or NaN."""
    return flag.astype("boolean").to_numpy(dtype=float, na_value=np.nan)


def _of_programme(inputs: Inputs, panel: Panel, metric: str, practice: str, horizon: int) -> People:
    programme = inputs.tables["programme"]
    single = programme.filter(programme["customer_id"].notnull() & (programme["customer_id"] != ""))
    chosen, n_others = _practice(inputs, single, practice)
    if not chosen:
        return People(source="answers", reason="the table 'programme' has no row of a single customer")
    known = mask_text(chosen, identifiers_in(inputs.connection, inputs.tables, [chosen]))
    answers = inputs.tables.get("responses")
    name = choose_metric(inputs, metric) if inputs.plan.metrics and answers is not None else ""
    taken = single.filter(single["practice"] == chosen)
    if not name:
        return _of_money(inputs, panel, taken, known, n_others, horizon)
    found = follow_ups(inputs.connection, panel, answers, taken, name, horizon=horizon)
    share, reason = planned(inputs.connection.to_pandas(taken.select("arm", "planned_share")))
    rows = found.rows.rename(columns={"score": "trigger", "later": "score", "stayed": "staying"})
    rows = rows.assign(arm=rows["followed"].map(_ARMS), start=rows["trigger"])
    over = rows["period"] + horizon <= _last(panel)
    trial, flow = _trial(found, rows, over, plural(horizon, panel.frequency))
    return People(
        source="answers",
        trial=trial,
        matched=rows[over].reset_index(drop=True),
        drawn=found.drawn,
        share=share if found.drawn else np.nan,
        flow=flow,
        called=_money(inputs, panel),
        practice=known,
        metric=name,
        n_others=n_others,
        n_without=found.n_without,
        reason=found.reason or (reason if found.drawn else "") or too_few(trial, inputs.plan.privacy.smallest_cell),
    )


def _of_money(inputs: Inputs, panel: Panel, taken: ibis.Table, practice: str, n_others: int, horizon: int) -> People:
    """Compare customers by their money before, where no answer tells why they were treated."""
    found = campaigns(inputs.connection, panel, taken, horizon=horizon)
    rows = found.rows.rename(columns={"band": "trigger", "stayed": "staying", "spent": "start"})
    rows = rows.assign(arm=rows["followed"].map(_ARMS), score=np.nan)
    kept = rows.sort_values(["followed", "period", "entity"], ascending=[False, True, True])
    trial = kept.drop_duplicates("entity").sort_values("entity").reset_index(drop=True)
    share, reason = planned(inputs.connection.to_pandas(taken.select("arm", "planned_share")))
    n = len(trial) if found.drawn else int((trial["followed"] == 1).sum())
    span = plural(horizon, panel.frequency)
    gone = f"not seen for {span} before and after it began"
    steps = {"customers in the practice": found.n_customers, gone: n - found.n_customers, "compared": n}
    return People(
        source="money",
        trial=trial,
        matched=rows.reset_index(drop=True),
        drawn=found.drawn,
        share=share if found.drawn else np.nan,
        flow=_flow(steps),
        called=_money(inputs, panel),
        practice=practice,
        n_others=n_others,
        reason=found.reason or (reason if found.drawn else "") or too_few(trial, inputs.plan.privacy.smallest_cell),
    )


def _trial(found: FollowUps, rows: pd.DataFrame, over: pd.Series, span: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep each customer's first lot, or first answer where no lot was drawn, if it was long enough ago."""
    if found.drawn:
        first = rows.sort_values(["period", "entity"]).drop_duplicates("entity")
        trial = first[over.reindex(first.index)]
    else:
        kept = rows[over].sort_values(["followed", "period", "entity"], ascending=[False, True, True])
        trial = kept.drop_duplicates("entity")
    n = int(rows["entity"].nunique())
    whole = "customers drawn" if found.drawn else "customers with such a score"
    steps = {whole: n, f"not seen for {span} after it": len(trial) - n, "compared": len(trial)}
    return trial.sort_values("entity").reset_index(drop=True), _flow(steps)


def _practice(inputs: Inputs, single: ibis.Table, practice: str) -> tuple[str, int]:
    """Choose the practice of most customers where none is named, and count the others."""
    counted = single.group_by("practice").agg(n=ibis._.customer_id.nunique())
    found = inputs.connection.to_pandas(counted).sort_values(["n", "practice"], ascending=[False, True])
    names = [str(p) for p in found["practice"]]
    if practice and practice not in names:
        shown = mask_text(did_you_mean(practice, names), identifiers_in(inputs.connection, inputs.tables, names))
        raise StudyError(f"No single customer takes part in a practice '{practice}'. {shown}")
    return (practice or next(iter(names), "")), max(len(names) - 1, 0)


def _money(inputs: Inputs, panel: Panel) -> str:
    known = inputs.connection.execute(panel.data["margin"].count())
    return "contribution margin" if known else "revenue"


def _last(panel: Panel) -> int:
    return min(index_of(d, panel.frequency) for d in (panel.last_complete_period, panel.last_at_risk_period))


def _flow(steps: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"step": list(steps), "customers": list(steps.values())})


def too_few(trial: pd.DataFrame, smallest: int) -> str:
    """Say why nobody can be compared; nothing where both sides hold enough to be shown."""
    if trial.empty:
        return "no customer who took part was seen for long enough after it"
    sides = trial["followed"].value_counts()
    if len(sides) < 2:
        return ONE_ARM
    return f"{fewer_than(smallest)} customers are in an arm, too few to be shown" if sides.min() < smallest else ""
