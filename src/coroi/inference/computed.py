"""How a regression was computed: with all rows at once, or block by block; chosen by size."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from coroi.inference.blocks import fits_in_memory, read_blocks
from coroi.schemas import EntityBlocks

COMPUTED = {False: "rows in memory", True: "in blocks of whole entities"}


def by_size(
    data: pd.DataFrame | EntityBlocks,
    names: tuple[str, ...],
    *,
    entity: str,
    period: str,
    cluster: str | None,
    most_rows: int,
) -> tuple[EntityBlocks, bool]:
    """Return a panel with its missing values in place, and whether it is read in blocks.

    Parameters
    ----------
    data : pandas.DataFrame or EntityBlocks
    names : tuple of str
        Its columns.
    entity, period, cluster
        As in :func:`coroi.inference.blocks.read_blocks`.
    most_rows : int
        Up to so many rows of a frame are one block.
    """
    if not isinstance(data, pd.DataFrame):
        return data, True
    panel = read_blocks(data, names, entity=entity, period=period, cluster=cluster, complete_only=False)
    if fits_in_memory(panel, most_rows):
        return replace(panel, block_rows=panel.n_rows), False
    return panel, True
