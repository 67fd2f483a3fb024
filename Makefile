# Every job of the kit. `make` lists them. Variables: GPU=0 or GPU=0,1 (none: CPU), PYTHON=/path/to/python for the set-up,
# PROFILE=paper|mini, DB, RUN, MODEL, OUT folders, IN=pictures.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup env demo test nets data-synthetic db train fuse eval-synthetic analyze clean distclean

PY := .venv/bin/python
PROFILE ?= paper
GPU ?=
DB ?= data/db
RUN ?= out/$(PROFILE)/run
MODEL ?= out/$(PROFILE)/model
FACES ?= data/synthetic/faces/records.jsonl
SCENES ?= data/synthetic/scenes/records.jsonl
D := out/demo
# The mini net's matrices are small: a second BLAS thread costs more than it gives, and preparing mini-batches needs the core.
demo test: export OPENBLAS_NUM_THREADS = 1

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'
	@echo '  GPU=0 or GPU=0,1 on any target selects GPUs; without it the CPU is used.'

demo: $(D)/index.html  ## The whole chain on a drawn face set: databases, training, fusion, figures, pictures; 10 minutes
	@cat $(D)/table.txt

test: setup  ## Run the tests
	$(PY) -m pytest

setup:  ## Make .venv with Caffe and what it needs; a no-op when done (PYTHON=... chooses the interpreter)
	@bash tools/setup.sh
	@$(if $(GPU),$(if $(filter env,$(MAKECMDGOALS)),,$(PY) -m tools.check_gpu "$(GPU)"))

env: setup  ## Check Python, Caffe, GPU, packages, disk and memory, with a mend for every problem
	@$(PY) -m tools.check_env --gpu "$(GPU)"

nets: setup  ## Write the generated nets and solvers; CHECK=1 only compares them with what is committed
	@$(PY) -m prototxt.generate $(if $(CHECK),--check)

data-synthetic: setup  ## Draw the labelled synthetic set into data/synthetic (20,000 portraits, 2,000 scenes)
	$(PY) -m data_prep.synthetic --kind portraits --count 20000 --identities 2000 --seed 1 --out data/synthetic/faces
	$(PY) -m data_prep.synthetic --kind scenes --count 2000 --identities 2000 --seed 1 --out data/synthetic/scenes

db: setup  ## Build the five databases in DB from FACES=records.jsonl and SCENES=records.jsonl
	$(PY) -m data_prep.build_db scenes --records $(SCENES) --without-search $(FACES) --out $(DB)
	$(PY) -m data_prep.build_db aligned --records $(FACES) --profile $(PROFILE) --out $(DB)

train: setup  ## Train the five sub-networks jointly from DB into RUN; goes on where an earlier run stopped
	$(PY) -m tools.train --profile $(PROFILE) --db $(DB) --out $(RUN) --resume --gpu "$(GPU)"

fuse: setup  ## Fuse the newest snapshot of RUN into the deploy model in MODEL
	$(PY) -m tools.fuse --profile $(PROFILE) --run $(RUN) --out $(MODEL) --gpu "$(GPU)"

eval-synthetic: setup  ## Measure MODEL on held-out synthetic faces and scenes
	$(PY) -m data_prep.synthetic $(HELD_OUT_FACES) --out out/synthetic/faces
	$(PY) -m data_prep.synthetic $(HELD_OUT_SCENES) --out out/synthetic/scenes
	$(PY) -m evaluate.synthetic --model $(MODEL) --faces out/synthetic/faces --scenes out/synthetic/scenes \
		--out $(MODEL)/eval-synthetic --gpu "$(GPU)"

analyze: setup  ## Find and describe faces: IN="photo.jpg ..." MODEL=folder OUT=folder
	$(PY) -m tools.analyze $(or $(IN),$(error give pictures with IN=photo.jpg)) --model $(MODEL) --out $(or $(OUT),out/analyze) --gpu "$(GPU)"

clean:  ## Remove everything that was made (out/, caches); data/ and .venv stay
	rm -rf out .pytest_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean  ## Remove the environment too
	rm -rf .venv .uv .python

# ---- make demo: every step is a file that depends on what it is made from, so that a second run redoes only what changed.
DRAWING := $(addprefix data_prep/,head.py render.py scene.py synthetic.py)
BUILDING := data_prep/build_db.py $(addprefix allinone/,align.py proposals.py record.py store.py)
TRAINING := tools/train.py allinone/tasks.py $(wildcard python_layers/*.py) $(filter-out prototxt/generate.py,$(wildcard prototxt/*.py)) \
	$(addprefix allinone/,blob.py landmarks.py pose.py regions.py)
MEASURING := $(wildcard evaluate/*.py) $(addprefix allinone/,analyzer.py backend.py boxes.py)
HELD_OUT_FACES := --kind portraits --count 600 --identities 60 --first-identity 1000 --seed 2
HELD_OUT_SCENES := --kind scenes --count 60 --identities 60 --first-identity 1000 --seed 2

$(D)/train/faces/records.jsonl: $(DRAWING) | setup
	@echo "[1/7] drawing the labelled face set (the CPU draws, whatever GPU is)"
	@$(PY) -m data_prep.synthetic --kind portraits --count 3000 --identities 1000 --seed 1 --out $(D)/train/faces
$(D)/train/scenes/records.jsonl: $(DRAWING) | setup
	@$(PY) -m data_prep.synthetic --kind scenes --count 200 --identities 1000 --seed 1 --out $(D)/train/scenes
$(D)/test/faces/records.jsonl: $(DRAWING) | setup
	@$(PY) -m data_prep.synthetic $(HELD_OUT_FACES) --out $(D)/test/faces
$(D)/test/scenes/records.jsonl: $(DRAWING) | setup
	@$(PY) -m data_prep.synthetic $(HELD_OUT_SCENES) --out $(D)/test/scenes

$(D)/db/det/manifest.json: $(D)/train/faces/records.jsonl $(D)/train/scenes/records.jsonl $(BUILDING)
	@echo "[2/7] building the databases"
	@$(PY) -m data_prep.build_db scenes --records $(D)/train/scenes/records.jsonl --without-search $(D)/train/faces/records.jsonl --out $(D)/db
$(D)/db/id/manifest.json: $(D)/train/faces/records.jsonl $(BUILDING)
	@$(PY) -m data_prep.build_db aligned --records $(D)/train/faces/records.jsonl --out $(D)/db

$(D)/nets.done: $(wildcard prototxt/*.py) allinone/tasks.py | setup
	@echo "[3/7] generating the nets"
	@$(PY) -m prototxt.generate && mkdir -p $(D) && touch $@

$(D)/run/curves.png: $(D)/db/det/manifest.json $(D)/db/id/manifest.json $(D)/nets.done $(TRAINING)
	@echo "[4/7] training the five sub-networks jointly in Caffe"
	@$(PY) -m tools.train --profile mini --db $(D)/db --out $(D)/run --resume --gpu "$(GPU)"

$(D)/model/provenance.json: $(D)/run/curves.png tools/fuse.py allinone/surgery.py
	@echo "[5/7] fusing the towers into one deploy model"
	@$(PY) -m tools.fuse --profile mini --run $(D)/run --out $(D)/model --gpu "$(GPU)"

$(D)/eval/results.json: $(D)/model/provenance.json $(D)/test/faces/records.jsonl $(D)/test/scenes/records.jsonl $(MEASURING)
	@echo "[6/7] measuring it on held-out faces and scenes"
	@$(PY) -m evaluate.synthetic --model $(D)/model --faces $(D)/test/faces --scenes $(D)/test/scenes --out $(D)/eval --gpu "$(GPU)"

$(D)/index.html: $(D)/eval/results.json tools/demo_page.py allinone/draw.py
	@echo "[7/7] analyzing pictures, writing the page"
	@$(PY) -m tools.demo_page --demo $(D) --gpu "$(GPU)"
