"""How often the intervals of `group_time` hold the truth with 8 and 20 units.

In 2,000 roll-outs of 20 units (5 never treated, starts in two periods, shocks with autocorrelation 0.5) the interval of
the overall effect held it in 95.6 %, of the first and of the fourth treated period in 96.0 and 95.4 %; of 8 units, 6 of
them treated, overall and first in 96.6 and 97.2 %, the later ones being refused. With errors as published and t with
G - 1 degrees of freedom it was 93.2 % overall of 20 units and 86.7 % of 8. With 6 treated out of 60 (1,000 roll-outs)
95.0 % against 84.9 %; and 93.3 % where the effects of these 6, of one start, were skewed (exponential), which no error
from so few units can tell.
"""

from __future__ import annotations

import pytest
from roll_outs_covered import check, replicate

from coroi.models.group_time import fit_group_time


def test_intervals_cover_with_twenty_units_in_sixty_replications():
    check(replicate(fit_group_time, 60, 31, 20))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "refused"), [(8, ("event_time: 2", "event_time: 3")), (20, ())])
def test_intervals_cover_with_eight_and_twenty_units_in_two_thousand_replications(n, refused):
    check(replicate(fit_group_time, 2_000, 32, n), refused=refused)
