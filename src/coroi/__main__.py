"""Run the command line with ``python -m coroi``."""

from coroi.cli import main

main()
