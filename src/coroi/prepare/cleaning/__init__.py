"""Cleaning rules, one a file: what each looks for, and what becomes of the rows that it finds."""
