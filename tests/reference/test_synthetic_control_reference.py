"""Synthetic controls of California's tobacco programme of 1989: the published mean effect on packs sold a head.

Packs a head and year, in tenths, 1970 to 2000, of California and of the states that have a weight in its mixes: Abadie,
Diamond and Hainmueller (2010), from Orzechowski and Walker, The Tax Burden on Tobacco. A mix of all 38 states and one
of those with a weight are the same, since dropping what has none changes no optimum. Arkhangelsky, Athey, Hirshberg,
Imbens and Wager (2021), American Economic Review 111:4088-4118, table 1: −11.1 about means (DIFP), and −19.6 in levels
from a solver that stops short; the exact optimum is −19.51.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from coroi.models.synthetic_control import fit_synthetic_control

PACKS = {
    "California": (
        "1230 1210 1235 1244 1267 1271 1280 1264 1261 1219 1202 1186 1154 1108 1048 1028 "
        "997 975 901 824 778 687 675 634 586 564 545 538 523 472 416"
    ),
    "Colorado": (
        "1248 1255 1343 1379 1328 1310 1342 1320 1292 1315 1310 1338 1305 1253 1197 1124 "
        "1099 1024 946 888 874 902 883 886 891 854 831 813 812 796 730"
    ),
    "Connecticut": (
        "1200 1176 1108 1093 1124 1102 1134 1173 1175 1174 1180 1164 1147 1141 1125 1110 "
        "1085 1090 1048 1006 915 867 835 791 766 793 760 759 755 734 714"
    ),
    "Illinois": (
        "1248 1256 1266 1244 1319 1318 1344 1340 1367 1353 1352 1330 1307 1279 1240 1216 "
        "1182 1095 1076 1046 941 961 948 946 857 843 818 796 803 722 700"
    ),
    "Kansas": (
        "1140 1028 1110 1152 1186 1234 1277 1279 1271 1264 1271 1320 1309 1276 1217 1157 "
        "1094 1052 1032 965 943 918 900 899 891 901 887 892 876 833 798"
    ),
    "Montana": (
        "1112 1156 1222 1199 1219 1237 1249 1270 1272 1203 1220 1211 1224 1137 1101 1036 "
        "978 917 871 862 847 829 866 860 882 905 873 889 891 826 755"
    ),
    "Nebraska": (
        "1081 1086 1049 1066 1105 1141 1181 1177 1174 1161 1163 1170 1171 1108 1077 1051 "
        "1031 1013 929 938 899 924 906 911 859 885 862 855 831 866 776"
    ),
    "Nevada": (
        "1895 1905 1986 2015 2047 2052 2014 1908 1870 1833 1777 1719 1651 1592 1366 1467 "
        "1426 1477 1419 1379 1373 1155 1100 1081 1052 1009 990 956 1024 1039 932"
    ),
    "New Hampshire": (
        "2657 2780 2962 2790 2698 2691 2905 2788 2696 2546 2478 2454 2398 2329 2151 2011 "
        "1959 1951 1804 1729 1524 1448 1437 1489 1538 1585 1580 1744 1738 1717 1473"
    ),
    "North Carolina": (
        "1724 1876 2141 2265 2273 2260 2302 2170 2055 1973 1878 1793 1790 1698 1606 1563 "
        "1544 1505 1460 1393 1337 1327 1289 1297 1127 1249 1297 1256 1260 1131 1090"
    ),
    "Utah": (
        "655 677 713 727 756 758 779 780 796 791 748 776 736 690 663 665 "
        "644 677 550 570 534 535 550 562 558 520 540 570 423 439 407"
    ),
}
IN_LEVELS = {
    "Colorado": 0.015,
    "Connecticut": 0.109,
    "Montana": 0.232,
    "Nevada": 0.205,
    "New Hampshire": 0.045,
    "Utah": 0.394,
}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rows = [
        {"entity": state, "period": 1970 + t, "outcome": int(tenths) / 10}
        for state, series in PACKS.items()
        for t, tenths in enumerate(series.split())
    ]
    frame = pd.DataFrame(rows)
    assert len(frame) == 11 * 31
    return frame.assign(first_treated=np.where(frame["entity"] == "California", 1989.0, np.nan))


def overall(result) -> pd.Series:
    return result.estimates.set_index("term").loc["overall"]


def test_about_means_it_is_the_published_number(data):
    result = fit_synthetic_control(data, outcome="outcome", intercept=True, worst_fit=99, conformal=False)
    assert overall(result)["estimate"] == pytest.approx(-11.1, abs=0.05)


def test_in_levels_it_is_the_optimum_near_which_the_published_number_stops(data):
    result = fit_synthetic_control(data, outcome="outcome", worst_fit=99, conformal=False)
    assert overall(result)["estimate"] == pytest.approx(-19.51, abs=0.01)
    assert overall(result)["estimate"] == pytest.approx(-19.6, abs=0.15)
    weights = result.tables["weights"]["weight"].to_numpy()
    heavy = sorted(IN_LEVELS.values(), reverse=True)
    np.testing.assert_allclose(weights[:6], heavy, atol=0.002)
    assert weights[6:].sum() < 0.001
    gaps = result.tables["path"].set_index("event_time")["gap"]
    assert np.sqrt((gaps[gaps.index < 0] ** 2).mean()) == pytest.approx(1.656, abs=0.002)


def test_with_ten_donors_no_set_has_a_bound(data):
    result = fit_synthetic_control(data, outcome="outcome", worst_fit=99, conformal=False)
    row = overall(result)
    assert (row["conf_low"], row["conf_high"]) == (-np.inf, np.inf)
    enough = next(c for c in result.checks if c.name == "enough units")
    assert enough.passed is False
    assert enough.sentence == "With 11 units the smallest p-value is 0.091: the 95% set has no bound."
