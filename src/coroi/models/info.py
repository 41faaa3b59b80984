"""What every method says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Info:
    """A method's estimand, unit, assumptions and reference.

    Parameters
    ----------
    estimand : str
        What is estimated, in words.
    unit : str
        Unit of the estimate.
    assumptions : tuple of (str, str)
        Each with the check that tests it, or ``untestable``.
    reference : str
        Paper and table or equation.
    """

    estimand: str
    unit: str
    assumptions: tuple[tuple[str, str], ...]
    reference: str
