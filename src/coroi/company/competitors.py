"""The survey of brands: some customers score the own brand and its rivals, and say who gets what of their spend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from coroi.company.clock import Flags, Floats, Ints, as_dates, stream
from coroi.company.history import History
from coroi.company.responses import ANSWERING_BY_SATISFACTION, NPS
from coroi.company.scenario import World

OWN = "Linden"
RIVALS = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Rowan")
SCALE = (0, 10)
NAMED_SHARES = (0.4, 0.3, 0.2, 0.1)  # of those who name 1, 2, 3, 4 rivals
RIVAL_CENTRE, RIVAL_SD = 6.4, 1.0
NOISE = 1.0
ASKED_SHARE, ANSWERING = 0.6, -0.9  # ANSWERING in log-odds, at satisfaction 0
HEAD_START = 0.3
BY_STANDING = 0.35  # per point above the mean of the brands named
BY_FIRST = 0.4
BY_SCORE = 0.06  # per point, be the rivals as they may
BY_TRAIT = 0.6
LUCK_SD = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """What every customer would answer if asked; the first of five brands is the own one, rivals follow.

    Parameters
    ----------
    month, day : numpy.ndarray
        When, counted from the first month, and since 1970, shape (n_customers,).
    brand : numpy.ndarray
        Position of each rival in ``RIVALS``, shape (n_customers, 4).
    named : numpy.ndarray
        Which brands are named, shape (n_customers, 5).
    felt : numpy.ndarray
        Standing in points of the scale, neither rounded nor cut, shape (n_customers, 5).
    pull : numpy.ndarray
        What else draws spend to a brand, in log-odds, shape (n_customers, 5).
    there : numpy.ndarray
        Who has a contract on the day, shape (n_customers,).
    """

    month: Ints
    day: Ints
    brand: Ints
    named: Flags
    felt: Floats
    pull: Floats
    there: Flags


def draw_views(history: History, seed: int, world: World, block: int = 0) -> Views:
    """Draw on which day each customer would be asked, which rivals they know, and how they stand to each brand."""
    chance, n = stream(seed, "brands", block), history.people.n
    slots = len(NAMED_SHARES) + 1
    month, day = _days(chance, history, n)
    n_named = 1 + chance.choice(len(NAMED_SHARES), n, p=NAMED_SHARES)
    brand = chance.random((n, len(RIVALS))).argsort(axis=1)[:, : slots - 1]
    own = NPS.centre + NPS.spread * history.satisfaction[month + 1, np.arange(n)]
    rivals = RIVAL_CENTRE + history.people.rivals[:, None] + RIVAL_SD * chance.standard_normal((n, slots - 1))
    pull = LUCK_SD * chance.standard_normal((n, slots))
    pull[:, 0] += HEAD_START + world.scenario.trait * BY_TRAIT * history.people.level
    return Views(
        month=month,
        day=day,
        brand=brand,
        named=np.arange(slots) <= n_named[:, None],
        felt=np.column_stack([own, rivals]),
        pull=pull,
        there=_covered(history, day),
    )


def wallets(views: Views, loyalty: float) -> Floats:
    """Return the share of each brand in each customer's spend, shape (n_customers, 5); the named ones add up to 1.

    Notes
    -----
    Shares are a logit of standing above the mean of the brands named, of being the first of them, a little of the own
    score as such, and of what no survey asks for. Where a scenario has a `trait`, customers who are happy by
    themselves spend more with the company, which nothing changes. Where `loyalty` is 0 scores draw no spend, and
    rank goes with share only because both are likelier high among few brands.
    """
    standing = np.where(views.named, views.felt, np.nan)
    above = standing - np.nanmean(standing, axis=1, keepdims=True)
    first = standing == np.nanmax(standing, axis=1, keepdims=True)
    drawn = BY_STANDING * above + BY_FIRST * first
    drawn[:, 0] += BY_SCORE * (views.felt[:, 0] - NPS.centre)
    return np.asarray(softmax(np.where(views.named, loyalty * drawn + views.pull, -np.inf), axis=1))


def moved(views: Views, own: float, rivals: float) -> Views:
    """Return the views with so many points added to the standing of the own brand, and of every rival."""
    by = np.append(own, np.full(len(NAMED_SHARES), rivals))
    return replace(views, felt=views.felt + by)


def competitors_table(history: History, ids: np.ndarray, seed: int, world: World, block: int) -> pd.DataFrame:
    """Return the table `competitors`, in order of days and customers, the own brand first.

    Notes
    -----
    The happier, the likelier an answer, unless all answer alike (`respondents_differ`). The scenario's `asked` thins
    the survey, `loyalty` and `trait` make the shares. Shares are whole per cents.
    """
    views = draw_views(history, seed, world, block)
    chance = stream(seed, "brand survey", block)
    asked, would = chance.random((2, history.people.n))
    felt = history.satisfaction[views.month + 1, np.arange(history.people.n)]
    differ = world.switches.respondents_differ
    odds = ANSWERING + (ANSWERING_BY_SATISFACTION * felt + history.people.replying if differ else 0.0)
    chosen = views.there & (asked < ASKED_SHARE * world.scenario.asked) & (would < expit(odds))
    noise = NOISE * chance.standard_normal(views.felt.shape)
    score = np.rint(views.felt + noise).clip(*SCALE).astype(np.int64)
    shares = whole_per_cents(wallets(views, world.scenario.loyalty))
    who = np.flatnonzero(chosen)
    who = who[np.argsort(views.day[who], kind="stable")]
    row, slot = np.nonzero(views.named[who])
    names = np.column_stack([np.full(who.size, OWN, dtype=object), np.array(RIVALS, dtype=object)[views.brand[who]]])
    return pd.DataFrame(
        {
            "customer_id": ids[who[row]],
            "asked_at": as_dates(views.day[who[row]]),
            "brand": names[row, slot],
            "own_brand": (slot == 0).astype(int),
            "score": score[who[row], slot],
            "share_of_wallet": shares[who[row], slot] / 100,
        }
    )


def whole_per_cents(shares: Floats) -> Ints:
    """Round shares by row to whole per cents that add up to 100: the largest remainders are rounded up."""
    whole = np.floor(100 * shares).astype(np.int64)
    short = 100 - whole.sum(axis=1)
    place = np.argsort(np.argsort(-(100 * shares - whole), axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (place < short[:, None]))


def _days(chance: np.random.Generator, history: History, n: int) -> tuple[Ints, Ints]:
    month = chance.integers(history.days.size - 1, size=n)
    length = history.days[month + 1] - history.days[month]
    return month, history.days[month] + np.floor(chance.random(n) * length).astype(np.int64)


def _covered(history: History, day: Ints) -> Flags:
    """Tell who has a contract on a day of their own."""
    contracts = history.contracts
    on = day[contracts.customer]
    there = np.zeros(day.size, dtype=bool)
    there[contracts.customer[(contracts.start <= on) & (on <= contracts.end)]] = True
    return there
