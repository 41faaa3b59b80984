"""Lines of money by unit and period whose effect is known, and the question that the study `roi` asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from programme_world import question_of as roll_out_of

from coroi.prepare.money_lines import LINES, MoneyLines
from coroi.roi.present_value import discount_factors
from coroi.studies.programme.outcomes import Outcome
from coroi.studies.roi.asking import with_benefit
from coroi.studies.roi.question import Question

HORIZON, MEAN, SHARE = 12, 10.0, 0.01


def question_of(
    *,
    gain: float = 0.0,
    early_gain: float | None = None,
    set_up: float = 0.0,
    running: float = 0.0,
    retention: float = 0.6,
    referral: float = 0.2,
    serve: float = 0.1,
    noise: float = 0.2,
    heard: float = 0.5,
    n: int = 30,
    horizon: int = HORIZON,
    starts: Sequence[int] = (8, 10),
    never: float = 0.4,
    absent: Sequence[str] = (),
    referrals: bool = True,
    seed: int = 1,
    **changes: object,
) -> Question:
    """Draw units whose money moves by `gain` a period from the start on, in parts, and what that costs.

    Retention, referral and the cost to serve take their shares of the gain, and spend the rest; `early_gain` holds in
    the first quarter of the horizon; `absent` names lines that the data do not tell.
    """
    base = roll_out_of(n=n, periods=30, starts=tuple(starts), never=never, noise=noise, horizon=horizon, seed=seed)
    rng = np.random.default_rng(1000 + seed)
    rows = base.units.rows
    first = rows["unit"].map(base.starts.set_index("unit")["first_treated"]).to_numpy(float)
    since = rows["period"].to_numpy(float) - first
    early = since < max(horizon // 4, 1)
    moved = np.where(since >= 0, np.where(early, gain if early_gain is None else early_gain, gain), 0.0)
    level = MEAN + rng.normal(size=n)[rows["unit"]] + 0.3 * np.sin(rows["period"] / 3)
    shock = noise * rng.normal(size=(5, len(rows)))
    made = {
        "retention": 0.8 * level + retention * moved + shock[0],
        "spend": 0.2 * level + (1 - retention - referral - serve) * moved + shock[1],
        "referral": 0.5 + referral * moved + 0.3 * shock[2],
        "cost_to_serve": 1.0 - serve * moved + 0.3 * shock[3],
        "others": 2.0 + shock[4],
        "elsewhere": 0.0 * shock[4],
        "programme_cost": np.where(since == 0, set_up, 0.0) + np.where(since >= 0, running, 0.0),
    }
    made["margin"] = made["retention"] + made["spend"]
    made["heard"] = heard * made["margin"] + 0.1 * shock[4]
    made["silent"] = made["margin"] - made["heard"]
    made["everyone"] = made["margin"] + made["referral"] - made["elsewhere"] + made["others"]
    lines = pd.DataFrame({"unit": rows["unit"], "period": rows["period"], **made})[["unit", "period", *LINES]]
    lines = with_benefit(lines.assign(**dict.fromkeys(absent, np.nan)), referrals=referrals)
    outcome = Outcome(
        name="money", label="what customers bring before the programme's costs", kind="money", sign=1.0,
        delta=SHARE * MEAN, per="1.0 % of what a customer brings", mean=MEAN,
    )  # fmt: skip
    money = rows.assign(margin=lines["benefit"].to_numpy(float), cost_to_serve=np.nan)
    programme = replace(
        base,
        units=replace(base.units, rows=money),
        outcomes=(outcome, *(o for o in base.outcomes if o.name in ("exits", "score"))),
    )
    treated = base.starts["first_treated"].notna()
    members = base.units.units.set_index("unit")["n_customers"]
    asked = {
        "route": "roll-out",
        "programme": programme,
        "lines": lines_of(lines, base, absent, heard),
        "currency": "EUR",
        "frequency": "month",
        "horizon": horizon,
        "early": max(horizon // 4, 1),
        "rate": 0.1,
        "delta": SHARE * MEAN * float(discount_factors(0.1, horizon, 12.0).sum()),
        "share": SHARE,
        "n_customers": int(members[treated.to_numpy()].sum()),
        "run_out": 12,
        "referrals": referrals,
        "cost_reason": "there is no table 'costs'" if "programme_cost" in absent else "",
    }
    return Question(**(asked | changes))  # type: ignore[arg-type]


def lines_of(rows: pd.DataFrame, base: object, absent: Sequence[str], heard: float) -> MoneyLines:
    units = base.units.units.assign(  # type: ignore[attr-defined]
        n_silent=lambda u: ((1 - heard) * u["n_customers"]).round().astype(int),
        first_treated=base.starts["first_treated"].to_numpy(float),  # type: ignore[attr-defined]
        before=MEAN, n_before=300, own_before=True,
    )  # fmt: skip
    total = {"part": ["the cohort", "all money of the window"], "customers": [1000, 1000], "money": [9e4, 1e5]}
    return MoneyLines(
        rows=rows,
        units=units,
        totals=pd.DataFrame(total),
        costs=pd.DataFrame(columns=["line", "practice", "step", "costs", "amount"]),
        referrals=pd.DataFrame({"step": ["counted as brought by the cohort"], "customers": [200]}),
        notes=("In the last month exits cannot be told yet: who may have left counts as there.",),
        reasons={name: f"there is no table '{name}'" for name in absent},
        money="margin",
        currency="EUR",
        frequency="month",
        first_start=int(base.starts["first_treated"].fillna(0).max()),  # type: ignore[attr-defined]
    )
