# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PACKAGE := pyproject.toml constraints.txt
DATA ?= ../shared/data
# Tests run side by side, one worker for every core, files of tests kept whole for their fixtures. A
# worker that dies ends the run: what it left is not given to others, and they would wait for ever.
JOBS ?= auto
SIDE_BY_SIDE := -n $(JOBS) --dist loadfile --max-worker-restart 0
# Without this, each library would start its own pool of threads for every core.
export OMP_NUM_THREADS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo detector test newer coverage lint format bench soak weights sample docs readme clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/light detector ## Install the light package and analyse samples/talk.mp4
	$(BIN)/emoreport analyze samples/talk.mp4 --overwrite --offline
	@echo "The tables are in $(CURDIR)/statistics/talk"

detector: $(VENV)/light ## Pull a face detector (0.2 MB) where MediaPipe brings none: Python 3.13 and later
	@$(BIN)/python -c "from emoreport.faces.detectors import has_solutions as has; exit(not has())" \
	  || $(BIN)/emoreport models pull mediapipe/blaze_face_short_range

test: $(VENV)/dev detector ## Install what the tests need and run them all
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE)

newer: detector ## Test what another Python changes: PYTHON=python3.13 VENV=.venv-newer
	$(PIP) -e ".[dev,sample]"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) \
	  tests/contract/test_face_protocols.py tests/unit/faces \
	  tests/unit/run tests/unit/media tests/integration/test_analyze.py tests/integration/test_bad_inputs.py

coverage: $(VENV)/dev detector ## The same with line and branch coverage, a third slower
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

lint: $(VENV)/dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev ## Measure speed and memory beside a baseline (minutes)
	$(BIN)/python benchmarks/end_to_end.py
	$(BIN)/python benchmarks/end_to_end.py --memory
	$(BIN)/python benchmarks/retable.py
	$(BIN)/python benchmarks/hsemotion.py
	$(BIN)/python benchmarks/render.py
	$(BIN)/python -m benchmarks.page
	$(BIN)/python benchmarks/batch.py

soak: $(VENV)/dev ## Lose machines, kill a batch of 300 recordings 20 times, run all malformed media (long)
	$(BIN)/python -m pytest -m soak
	$(BIN)/python -m tests.soak.soak --videos 300 --bad 30 --kills 20
	$(BIN)/python -m tests.hostile.everything
	FUZZ_EXAMPLES=700 $(BIN)/python -m pytest -q tests/fuzz

weights: $(VENV)/dev ## Train and export the shipped models again (hours); DATA=folder, TEACHER=file, STAMPS=folder
	$(BIN)/python -m emoreport.training.face --data $(DATA)/fer --posed $(DATA)/fer/ck48_dev.npz --out emoreport/weights
	$(BIN)/python -m emoreport.training.voice --data $(DATA)/speech --teacher $(TEACHER) $(if $(STAMPS),--stamps $(STAMPS)) --out emoreport/weights

sample: $(VENV)/dev ## Make samples/talk.mp4 again (needs festival and festvox-ru)
	$(BIN)/python samples/make_talk.py --out samples/talk.mp4

docs: $(VENV)/dev ## Build the site of the documentation in build/site; a dead link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	@echo "Open $(CURDIR)/build/site/index.html"

readme: $(VENV)/dev ## Make what README and docs print and show again: outputs and pictures
	$(BIN)/python docs/make_glossary.py
	$(BIN)/python docs/make_tables.py
	$(BIN)/python docs/make_readme.py

clean: ## Remove the environment and all caches
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/light: $(VENV)/bin/python $(PACKAGE)
	$(PIP) -e .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python $(PACKAGE)
	$(PIP) -e ".[dev,docs,train,sample,full,openvino,ray]"
	# The reference of the HSEmotion tests asks for opencv-python, which would overwrite contrib.
	$(PIP) --no-deps "hsemotion-onnx"
	@touch $@ $(VENV)/light
