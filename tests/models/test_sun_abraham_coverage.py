"""How often the intervals of `sun_abraham` hold the truth with 20 units.

In 2,000 roll-outs of 20 units (5 never treated, starts in two periods, shocks with autocorrelation 0.5) the interval of
the overall effect held it in 95.9 %, of the first and of the fourth treated period in 95.7 and 95.4 %; errors without
correction and t with G - 1 degrees of freedom did so in 92.8 % overall. With 6 treated out of 60 (800 roll-outs) 95.9 %
against 82.5 %. Eight units of which two are never treated are refused.
"""

from __future__ import annotations

import pytest
from roll_outs_covered import check, replicate

from coroi.models.sun_abraham import fit_sun_abraham


def test_intervals_cover_with_twenty_units_in_sixty_replications():
    check(replicate(fit_sun_abraham, 60, 31, 20))


@pytest.mark.slow
def test_intervals_cover_with_twenty_units_in_two_thousand_replications():
    check(replicate(fit_sun_abraham, 2_000, 32, 20))
