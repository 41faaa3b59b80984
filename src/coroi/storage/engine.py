"""Which engine works: the one inside this process, Spark, or a backend of ibis that the environment names."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from coroi.errors import DataError, Problem
from coroi.sources import Engine
from coroi.storage.session import EmbeddedSession, Session


def connect(engine: Engine | None = None) -> Session:
    """Start a session of the engine that a plan names; the one inside this process by default.

    Parameters
    ----------
    engine : Engine, optional
        The plan's choice and limits.

    Returns
    -------
    Session
        All that rooms above this one see of an engine.

    Raises
    ------
    DataError
        If the engine's package is missing, or the engine cannot be reached. No message holds an address.
    """
    engine = engine or Engine()
    if engine.name == "spark":
        return _spark(engine)
    if engine.name == "ibis":
        return _by_address(engine)
    return EmbeddedSession(engine)


def _spark(engine: Engine) -> Session:
    _need("pyspark", "spark")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="PySpark does not yet", category=FutureWarning)
            from coroi.storage.spark import SparkEngineSession

            return SparkEngineSession(engine)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  the gateway to Java raises errors of many kinds
        what = f"Spark did not start ({type(error).__name__})."
        raise DataError(Problem("engine", what, "It needs Java 17 or newer, and a master that answers.")) from None


def _by_address(engine: Engine) -> Session:
    variable = engine.connection or ""
    address = os.environ.get(variable, "")
    if not address:
        what = f"the environment variable {variable} is not set."
        raise DataError(Problem("engine.connection", what, "Give it the address, such as postgresql://host/database."))
    try:
        return _open(engine, address)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  every driver has errors of its own, and they may quote the address
        what = f"the engine that {variable} names cannot be reached ({type(error).__name__})."
        raise DataError(Problem("engine.connection", what, "Correct the address in the environment.")) from None


def _open(engine: Engine, address: str) -> Session:
    from coroi.storage.remote import RemoteSession

    if address.startswith(("postgres://", "postgresql://")):
        _need("psycopg", "postgres")
        from coroi.storage.postgres import PostgresSession, connect_postgres

        return PostgresSession(engine, connect_postgres(address))
    import ibis

    return RemoteSession(engine, ibis.connect(address))


def _need(package: str, extra: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        what = f"the package {package} is not installed."
        raise DataError(Problem("engine", what, f"Install it: pip install 'coroi[{extra}]'.")) from None


@contextmanager
def without_unused_engines() -> Iterator[None]:
    """Keep a library that is imported here from loading all of Spark merely because it is installed."""
    name = "pyspark.pandas"
    unused = name not in sys.modules
    if unused:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if unused:
            del sys.modules[name]
