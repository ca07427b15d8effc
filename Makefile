# Sets itself up in .venv on first use; PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint types sarif docs bench html clean

# What `auditor check` says about a Talos cluster on AWS whose groups lack rules. Findings are the point: exit code 1 is right.
demo: $(READY)
	@$(BIN)/auditor check examples/talos-aws || test $$? -eq 1

test: $(READY)
	$(BIN)/pytest -q -n auto --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# Microsoft's validator with GitHub's rules over what the examples and fixtures give.
sarif: $(READY)
	$(BIN)/python .ci/validate_sarif.py

# The pages of rulesets, requirements, lints and commands; a test fails where they are stale.
docs: $(READY)
	$(BIN)/python -m auditor.policy.docs
	$(BIN)/python -m auditor.cli.page
	$(BIN)/python -m tests.policy.matrix

bench: $(READY)
	$(BIN)/python benchmarks/run.py

html: $(READY)
	@$(BIN)/auditor check examples/talos-aws --fail-on never -q -o html=report.html && echo "see report.html"

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) report.html
