"""Claim C24 where lots were drawn which units have a sponsor: whether the lots were kept to, and the claim's grade."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coroi.claims import Graded
from coroi.results import Check
from coroi.studies.programme.question import Question, frame_of

NAME = "sponsor_balance"
DEALS, SIZE, FEWEST = 999, 0.05, 5
SEED = 19240207
_TESTED = "whether units with and without a sponsor were alike before the first start, as lots would make them"


def check_sponsors(question: Question) -> Check:
    """Hold units with a sponsor against those without, by what was known of them before the first start.

    Parameters
    ----------
    question : Question
        As declared.

    Returns
    -------
    Check
        Passed where the lots' own chance brings a distance as large in more than 5 % of deals; not run with fewer than
        five units on a side, or where nothing is known of all of them.

    Notes
    -----
    The distance is Mahalanobis' between the two sides' means of score, exit rate, the headline's outcome and the log
    of size; its chance comes from dealing sponsors to units anew, which is exact where they were dealt among all units
    that start. References: Hansen and Bowers (2008), Statistical Science 23:219-236; Morgan and Rubin (2012), Annals
    of Statistics 40:1263-1282.
    """
    known = _known(question)
    sponsored = question.starts.set_index("unit")["sponsored"].reindex(known.index) == 1
    sides = (int(sponsored.sum()), int((~sponsored).sum()))
    if min(sides) < FEWEST or not known.shape[1]:
        why = f"it takes {FEWEST} units on a side" if known.shape[1] else "nothing is known of all units from before"
        return Check(name=NAME, tested=_TESTED, passed=None, sentence=f"Not run: {why}.")
    z = ((known - known.mean()) / known.std()).to_numpy(float)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(z, rowvar=False)), hermitian=True)
    with_sponsor = sponsored.to_numpy(bool)
    seen = _distance(z, with_sponsor, inverse)
    rng = np.random.default_rng(SEED)
    as_far = sum(_distance(z, rng.permutation(with_sponsor), inverse) >= seen - 1e-12 for _ in range(DEALS))
    chance = (1 + as_far) / (1 + DEALS)
    passed = bool(chance > SIZE)
    return Check(
        name=NAME,
        tested=_TESTED,
        passed=passed,
        sentence=(
            f"Before the first start {sides[0]} units with a sponsor and {sides[1]} without lay "
            f"{'no further' if passed else 'further'} apart than lots would put them: as far in {100 * chance:.1f} % "
            f"of {DEALS} deals."
        ),
    )


def sponsor_grade(check: Check, base: Graded) -> Graded:
    """Return the grade of claim C24: the programme's own where the lots were kept to, else D.

    Parameters
    ----------
    check : Check
        From :func:`check_sponsors`.
    base : Graded
        Grade of the headline's effect.
    """
    if check.passed:
        return base
    why = (
        "the lots of sponsors could not be held against what was known before"
        if check.passed is None
        else "units with a sponsor were unlike the others before the first start, as lots would not make them"
    )
    return Graded(grade="D", start=base.start, reasons=(*base.reasons, why))


def _known(question: Question) -> pd.DataFrame:
    """Return what was known of each unit that starts and tells its sponsor, means before the first start."""
    starts = question.starts.set_index("unit")
    asked = starts.index[starts["first_treated"].notna() & starts["sponsored"].notna()]
    first = starts["first_treated"].min()
    rows = question.units.rows[question.units.rows["period"] < first].groupby("unit")
    own = frame_of(question, whole=True)
    money = own[own["period"] < first].groupby("entity")["outcome"].mean()
    known = pd.DataFrame(
        {
            "score": rows["score"].mean(),
            "exit_rate": rows["exit_rate"].mean(),
            "outcome": money,
            "size": np.log(question.units.units.set_index("unit")["n_customers"].astype(float)),
        }
    ).reindex(asked)
    return known.loc[:, known.notna().all() & (known.std() > 0)]


def _distance(z: np.ndarray, side: np.ndarray, inverse: np.ndarray) -> float:
    apart = z[side].mean(axis=0) - z[~side].mean(axis=0)
    return float(apart @ inverse @ apart)
