"""Contacts with the service: who calls, and whether they are served on time and right the first time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from coroi.company.clock import Flags, Floats, Ints, as_dates, days_within, numbered, stream
from coroi.company.customers import People
from coroi.company.departments import DEPARTMENTS
from coroi.company.scenario import World
from coroi.company.subscriptions import Leaving

CONTACTS_PER_MONTH = 0.15
CHANNELS = ("phone", "chat", "mail")
CHANNEL_SHARES = (0.5, 0.3, 0.2)
DEPARTMENT_SHARES = (0.5, 0.3, 0.2)
SOLVED = (0.72, 0.75, 0.66)  # by department
ON_TIME = (0.85, 0.88, 0.74)
BY_PUSH = 1.0  # log-odds
RESPONSE_MINUTES, RESPONSE_SPREAD = 30.0, 0.8
HANDLE_MINUTES, HANDLE_SPREAD = 9.0, 0.5
FELT_SOLVED, FELT_ON_TIME, FELT_RESPONSE = 0.6, 0.3, 0.06
TRUSTED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contacts:
    """The contacts of one month; every array has shape (n_contacts,).

    Parameters
    ----------
    customer, day, channel, department : numpy.ndarray
        Positions, and the day since 1970.
    response, handle : numpy.ndarray
        Minutes.
    solved, on_time : numpy.ndarray
        How it went.
    felt, trusted : numpy.ndarray
        What it adds to satisfaction and to trust.
    """

    customer: Ints
    day: Ints
    channel: Ints
    department: Ints
    response: Floats
    handle: Floats
    solved: Flags
    on_time: Flags
    felt: Floats
    trusted: Floats


class Service:
    """The service of one block of customers, month by month."""

    def __init__(self, people: People, seed: int, block: int) -> None:
        self._by_department = people.service
        self._chance = stream(seed, "contacts", block)
        self._minutes = stream(seed, "minutes", block)

    def month(self, here: Flags, leaving: Leaving, pushed: Floats, days: Ints, month: int, world: World) -> Contacts:
        """Draw the contacts of a month.

        Parameters
        ----------
        here : numpy.ndarray
            Customers with a contract on the month's first day, shape (n_customers,).
        leaving : Leaving
            The contracts, the month's leavers drawn: nobody calls after the end.
        pushed : numpy.ndarray
            How much better the service is by practices, by customer.
        days : numpy.ndarray
            First day of every month and of the one after the last.
        month : int
            The month, counted from 0.
        world : World
            The company's rules.
        """
        calls, when, which, where, fixed, timely = self._chance.random((6, here.size))
        waited, handled = self._minutes.standard_normal((2, here.size))
        who = np.flatnonzero(here & (calls < CONTACTS_PER_MONTH))
        who = who[leaving.begun(who, days_within(days, month, when[who])) != -1]
        department = np.searchsorted(np.cumsum(DEPARTMENT_SHARES)[:-1], where[who], side="right")
        good, punctual = np.array(SOLVED)[department], np.array(ON_TIME)[department]
        done = world.intervention
        better = BY_PUSH * pushed[who] + self._by_department[department, who]
        p_solved, p_timely = expit(logit(good) + better), expit(logit(punctual) + better)
        response = RESPONSE_MINUTES * np.exp(RESPONSE_SPREAD * waited[who] - 0.3 * pushed[who]) * done.response_time
        solved, on_time = fixed[who] < p_solved + done.solved, timely[who] < p_timely + done.on_time
        seen = (solved, on_time) if done.trust_sees else (fixed[who] < p_solved, timely[who] < p_timely)
        felt = FELT_SOLVED * (solved - good) + FELT_ON_TIME * (on_time - punctual)
        return Contacts(
            customer=who,
            day=days_within(days, month, when[who]),
            channel=np.searchsorted(np.cumsum(CHANNEL_SHARES)[:-1], which[who], side="right"),
            department=department,
            response=response,
            handle=HANDLE_MINUTES * np.exp(HANDLE_SPREAD * handled[who] + 0.2 * pushed[who]),
            solved=solved,
            on_time=on_time,
            felt=felt - FELT_RESPONSE * np.log(response / RESPONSE_MINUTES),
            trusted=TRUSTED * ((seen[0] - good) + (seen[1] - punctual)),
        )


def touchpoints_table(contacts: tuple[Contacts, ...], ids: np.ndarray, after: int) -> pd.DataFrame:
    """Return the table `touchpoints`, month by month in order of days."""
    parts = [_one_month(each, ids) for each in contacts]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "contact_id", numbered("T", len(table), after))
    return table


def _one_month(contacts: Contacts, ids: np.ndarray) -> pd.DataFrame:
    order = np.argsort(contacts.day, kind="stable")
    return pd.DataFrame(
        {
            "customer_id": ids[contacts.customer[order]],
            "occurred_at": as_dates(contacts.day[order]),
            "channel": np.array(CHANNELS)[contacts.channel[order]],
            "department": np.array(DEPARTMENTS)[contacts.department[order]],
            "response_minutes": np.rint(contacts.response[order]).astype(int),
            "handle_minutes": np.rint(contacts.handle[order]).astype(int),
            "resolved_first_time": contacts.solved[order].astype(int),
            "on_time": contacts.on_time[order].astype(int),
        }
    )
