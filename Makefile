# make serve: everything from an empty folder to a running service. make test: the same, then tests.
PYTHON ?= python3
VENV := .venv
STANCE := $(VENV)/bin/stance
# More than one BLAS thread makes these small fits up to a hundred times slower.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# Labelled text that the set must share no words with, checked where it exists.
HELD_OUT ?= ../shared/real

.PHONY: help setup train serve test check evaluate fuzz bench load soak figures report peers sets screenshots lock audit sbom image clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/.installed  ## create .venv and install from the hash-pinned requirements

$(VENV)/.installed: requirements/dev.txt pyproject.toml $(wildcard labels/kernel/*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "stance needs Python 3.11 or newer, found $$($(PYTHON) --version); try make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@rm -f labels/kernel/*.so  # a kernel of other sources must not stay where none can be built
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(VENV)/bin/python -c 'from labels.kernel import AVAILABLE; AVAILABLE or \
		print("no C compiler: Python reads and scores, slower; to change that, install gcc and run make -B setup")'
	@touch $@

train: setup  ## train models/default if there is none or the labelled set changed
	$(STANCE) train --if-stale

serve: train  ## serve on 127.0.0.1:8000
	$(STANCE) serve

check: setup  ## format, lint, types, the labelled set
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(STANCE) labels check $(if $(wildcard $(HELD_OUT)),--against $(HELD_OUT))

test: check train  ## check, then all tests
	$(VENV)/bin/python -m pytest

evaluate: train  ## measure on FILE (labelled JSON Lines): make evaluate FILE=...
	$(STANCE) evaluate $(FILE)

fuzz: setup  ## N hostile texts and N/20 damaged arrays for the kernel: make fuzz N=10000000
	$(VENV)/bin/python -m tests.fuzz $(or $(N),1000000)

bench: train  ## speed beside peers (after make peers): docs/speed.md and its chart
	$(VENV)/bin/python -m benchmarks.speed --write

load: train  ## requests per second beside a bare FastAPI endpoint (needs wrk)
	$(VENV)/bin/python -m benchmarks.load

soak: train  ## minutes of mixed load with reloads and bad clients: make soak MINUTES=10
	$(VENV)/bin/python -m benchmarks.soak $(MINUTES)

figures: train  ## write the figures of README.md and MODEL_CARD.md anew
	$(VENV)/bin/python -m benchmarks.figures

report: train  ## rebuild every figure that is measured on FILE: make report FILE=...
	$(STANCE) curve $(FILE) --write MODEL_CARD.md
	$(STANCE) ablation $(FILE) --write MODEL_CARD.md
	$(VENV)/bin/python -m benchmarks.quality $(FILE) --write MODEL_CARD.md
	$(STANCE) evaluate $(FILE) --write MODEL_CARD.md
	$(VENV)/bin/python -m benchmarks.figures

peers: setup  ## install what make bench and make report compare with, beyond scikit-learn
	$(VENV)/bin/python -m pip install --quiet -r benchmarks/peers/torch.txt
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/peers.txt

sets: setup  ## train on public label sets in FOLDER and measure: make sets FOLDER=...
	$(VENV)/bin/python -m benchmarks.label_sets $(FOLDER)

screenshots: train  ## take the pictures of the page in docs/images anew (needs chromium)
	$(VENV)/bin/python -m pytest -q tests/browser/screenshots.py

lock:  ## write requirements/*.txt anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q -o requirements/service.txt
	uv pip compile pyproject.toml --extra training --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q -c requirements/service.txt -o requirements/training.txt
	uv pip compile pyproject.toml --extra training --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q -c requirements/training.txt -o requirements/dev.txt
	uv pip compile requirements/peers.in --excludes benchmarks/peers/torch.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q -c requirements/dev.txt -o requirements/peers.txt

audit: setup  ## look for known vulnerabilities of the pinned packages
	$(VENV)/bin/pip-audit --disable-pip --require-hashes -r requirements/dev.txt -f json --progress-spinner off | $(VENV)/bin/python requirements/audit.py

sbom: setup  ## write what the service is made of to build/sbom.json (CycloneDX)
	@mkdir -p build
	$(VENV)/bin/cyclonedx-py requirements requirements/service.txt --pyproject pyproject.toml --output-reproducible -o build/sbom.json

image:  ## build the container image
	docker build -t stance .

clean:  ## remove environment and models
	rm -rf $(VENV) models
