"""One file a method: how data arise under it, and how it is fitted."""

from coroi.models.info import Info

__all__ = ["Info"]
