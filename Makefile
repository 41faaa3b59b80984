PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test test-slow lint cleaning validity clean

demo: $(READY)
	$(BIN)/coroi demo

test: lint
	$(BIN)/pytest -n 2 --dist loadscope -m "not slow"

test-slow: $(READY)
	$(BIN)/pytest -n 2 --dist loadscope -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

cleaning: $(READY)
	$(BIN)/coroi lab --cleaning 50 --output lab-cleaning
	cp lab-cleaning/cleaning.json lab-cleaning/cleaning.md docs/

validity: $(READY)
	$(BIN)/coroi lab --profile full --output lab
	cp lab/validity.json lab/validity.md docs/

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "coroi needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@
