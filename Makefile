# Every job of the kit. `make` lists them. Variables: GPU=0 or GPU=0,1 (none: CPU), CORES=processes that train without a GPU,
# PYTHON=/path/to/python for the set-up, PROFILE=paper|tiny|wide, DATA, DB, RUN, MODEL, EVAL, OUT folders, INIT=run to start from, LANDMARKS=model that finds landmarks, SETS="names", FOLD=number,
# PROPOSALS=dense|selective-search, SCORE=mean-regions|aligned, IN=pictures.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TOWERS := det smile gender age id hyperface
FINETUNED := fddb fotw lap2015 fgnet
BENCHMARKS := afw pascal fddb aflw celeba fotw lap2015 fgnet ijba lfw
DATASETS := adience aflw afw casia celeba custom fddb fgnet fotw ijba imdb lap2015 lfw morph pascal utkface wiki
.PHONY: help setup env demo test nets docs data-synthetic $(DATASETS:%=data-%) data drawn-data db inspect pretrain train $(TOWERS:%=train-%) $(FINETUNED:%=finetune-%) fuse \
	eval-synthetic $(BENCHMARKS:%=eval-%) tpe-ijba eval report train-real eval-real export analyze claims bench clean distclean

PY := .venv/bin/python
PROFILE ?= paper
GPU ?=
CORES ?= 2
DATA ?= data
DB ?= $(DATA)/db
PRETRAINED := out/$(PROFILE)/pretrain
INIT ?= $(PRETRAINED)
RUN ?= out/$(PROFILE)/joint
RUNS ?= $(RUN)
MODEL ?= out/$(PROFILE)/model
EVAL ?= out/$(PROFILE)/eval
FACES ?= data/synthetic/faces/records.jsonl
SCENES ?= data/synthetic/scenes/records.jsonl
D := out/demo
# The small nets' matrices are small: a second BLAS thread makes an iteration longer, not shorter. A second process, which
# takes half of each mini-batch, makes it shorter. How many there are decides which pictures come together, and so the result: it is no matter of the machine.
demo test claims bench report train-real eval-real: export OPENBLAS_NUM_THREADS = 1
ifneq ($(PROFILE),paper)
export OPENBLAS_NUM_THREADS = 1
endif
DEVICE = $(if $(GPU),--gpu "$(GPU)",--cores $(CORES))
TRAIN = $(PY) -m tools.train --profile $(PROFILE) --resume $(DEVICE)

help:  ## List the targets
	@grep -hE '^([a-z-]+|\$$\([A-Z]+:%=[a-z-]+%\)):.*## ' $(MAKEFILE_LIST) | sed -E 's/\$$\(TOWERS:%=(.*)%\):/\1<tower>:/; s/\$$\((FINETUNED|DATASETS|BENCHMARKS):%=(.*)%\):/\2<set>:/; s/:.*## /\t/' \
		| awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo '  GPU=0 or GPU=0,1 on any target selects GPUs; without it the CPU is used, to train $(CORES) processes (CORES=).'

demo: $(D)/index.html  ## The whole chain on a drawn face set: databases, training, fusion, figures, pictures; 10 minutes
	@cat $(D)/table.txt

test: setup  ## Run the tests
	$(PY) -m pytest

setup:  ## Make .venv with Caffe and what it needs; a no-op when done (PYTHON=... chooses the interpreter)
	@bash tools/setup.sh
	@$(if $(GPU),$(if $(filter env,$(MAKECMDGOALS)),,$(PY) -m tools.check_gpu "$(GPU)"))

env: setup  ## Check Python, Caffe, GPU, packages, disk and memory, with a mend for every problem
	@$(PY) -m tools.check_env --gpu "$(GPU)"

docs: setup  ## Write docs/network.md, the drawn nets and the picture of pose
	@$(PY) -m tools.describe_nets
	@$(PY) -m tools.draw_pose

nets: setup  ## Write the generated nets and solvers; CHECK=1 only compares them with what is committed
	@$(PY) -m prototxt.generate $(if $(CHECK),--check)

data-synthetic: setup  ## Draw the labelled synthetic set into data/synthetic (20,000 portraits, 2,000 scenes)
	$(PY) -m data_prep.synthetic --kind portraits --count 20000 --identities 2000 --seed 1 --out data/synthetic/faces
	$(PY) -m data_prep.synthetic --kind scenes --count 2000 --identities 2000 --seed 1 --out data/synthetic/scenes

DATABASES = $(PY) -m data_prep.databases --data $(DATA) --out $(DB) --profile $(PROFILE) --gpu "$(GPU)"
HYPERFACE := out/$(PROFILE)/hyperface

$(DATASETS:%=data-%): data-%: setup  ## Read a dataset's original files in DATA/<set> (data_prep/README.md), or in SRC, into records and databases
	$(PY) -m data_prep.convert $* --folder $(or $(SRC),$(DATA)/$*)
	$(DATABASES) $* $(SRC:%=--folder %) $(LANDMARKS:%=--landmarks-from %)

# Most sets have no landmarks. As in the paper HyperFace finds them, trained here on what has some, unless LANDMARKS= names a model.
data: setup  ## Build the databases of all training sets (or of SETS) that stand in DATA, for every tower its own mixture
	$(DATABASES) $(SETS) $(LANDMARKS:%=--landmarks-from %)
	@if [ -s $(DB)/without_landmarks.txt ]; then set -ex; \
		$(TRAIN) --job hyperface --db $(DB) --out $(HYPERFACE); \
		$(PY) -m tools.fuse --profile $(PROFILE) --run $(HYPERFACE) --tower hyperface --out $(HYPERFACE)/model; \
		$(DATABASES) $(SETS) --landmarks-from $(HYPERFACE)/model; fi

drawn-data: setup  ## Draw a small set in the layout of each that make data, train and eval use, into OUT, to try them: make data train fuse eval DATA=folder PROFILE=tiny
	$(PY) -m data_prep.drawn_sets --out $(or $(OUT),out/drawn)

db: setup  ## Build the five databases in DB from FACES=records.jsonl and SCENES=records.jsonl
	$(PY) -m data_prep.build_db scenes --records $(SCENES) --without-search $(FACES) --out $(DB)
	$(PY) -m data_prep.build_db aligned --records $(FACES) --profile $(PROFILE) --out $(DB)

inspect: setup  ## Draw random samples of every database in DB, with their labels, into OUT
	$(PY) -m tools.inspect_db $(DB) --out $(or $(OUT),out/inspect)

pretrain: setup  ## Train the identity network from which everything else starts, into out/PROFILE/pretrain
	$(TRAIN) --job pretrain --db $(DB) --out $(PRETRAINED)

# The identity network is trained first where it is the one to start from; INIT= starts from random weights.
train $(patsubst %,train-%,$(filter-out hyperface,$(TOWERS))): $(if $(filter $(PRETRAINED),$(INIT)),pretrain)
train: setup  ## Train the five sub-networks jointly from DB into RUN; goes on where an earlier run stopped
	$(TRAIN) --job joint --db $(DB) --out $(RUN) $(INIT:%=--init %)

$(TOWERS:%=train-%): train-%: setup  ## Train one tower alone (det, smile, gender, age, id), or the baseline (hyperface), into out/PROFILE/<tower>
	$(TRAIN) --job $* --db $(DB) --out out/$(PROFILE)/$* $(if $(filter hyperface,$*),,$(INIT:%=--init %))

$(FINETUNED:%=finetune-%): finetune-%: setup  ## Fine-tune RUN for a benchmark (fddb, fotw, lap2015, fgnet) and fuse what comes of it; FOLD=3 or all folds by turns
	@set -e; for db in $(or $(wildcard $(DB)/finetune/$*$(if $(FOLD),/fold_$(shell printf %02d $(FOLD)),/fold_*)),$(DB)/finetune/$*); do \
		out=out/$(PROFILE)/$${db#$(DB)/finetune/}; \
		$(TRAIN) --job $* --db $$db --out $$out --init $(RUN); \
		$(PY) -m tools.fuse --profile $(PROFILE) --run $(RUN) --run $$out --trunk $$out --out $$out/model --gpu "$(GPU)"; done

fuse: setup  ## Fuse the newest snapshot of RUN into the deploy model in MODEL; RUNS="a b" TRUNK=a fuses several
	$(PY) -m tools.fuse --profile $(PROFILE) $(RUNS:%=--run %) $(TRUNK:%=--trunk %) --out $(MODEL) --gpu "$(GPU)"

eval-synthetic: setup  ## Measure MODEL on held-out synthetic faces and scenes
	$(PY) -m data_prep.synthetic $(HELD_OUT_FACES) --out out/synthetic/faces
	$(PY) -m data_prep.synthetic $(HELD_OUT_SCENES) --out out/synthetic/scenes
	$(PY) -m evaluate.synthetic --model $(MODEL) --faces out/synthetic/faces --scenes out/synthetic/scenes \
		--out $(MODEL)/eval-synthetic --gpu "$(GPU)"

# Where a set was fine-tuned for, what came of that is measured, unless MODEL= names another; of folds each by its own.
MEASURED = $(if $(filter file default,$(origin MODEL)),$(or $(wildcard out/$(PROFILE)/$*/model),$(and $(wildcard out/$(PROFILE)/$*/fold_*/model),out/$(PROFILE)/$*),$(MODEL)),$(MODEL))
EVALUATE = $(PY) -m evaluate.$* --data $(DATA)/$* --model $(MEASURED) --out $(EVAL)/$* --gpu "$(GPU)" $(PROPOSALS:%=--proposals %)

$(BENCHMARKS:%=eval-%): eval-%: setup  ## Measure MODEL on a benchmark whose set stands in DATA, into EVAL
	$(EVALUATE) $(if $(filter $*,afw aflw celeba fotw lap2015 fgnet),$(SCORE:%=--score %))

tpe-ijba: tpe-%: setup  ## Learn the Triplet Probabilistic Embedding of every split of IJB-A, and measure with it
	$(EVALUATE) --train-tpe

eval: setup  ## Measure on all benchmarks whose sets are there
	@failed=; for set in $(BENCHMARKS); do \
		if [ -d $(DATA)/$$set ]; then $(MAKE) --no-print-directory eval-$$set || failed="$$failed $$set"; else echo "$$set: $(DATA)/$$set is not there"; fi; done; \
		if [ -n "$$failed" ]; then echo "error: not measured:$$failed; why is said above" >&2; exit 2; fi

report: setup  ## Write what was measured beside the paper's figures: report/index.html, results.json, results.csv
	@$(PY) -m evaluate.report --results $(EVAL) --data $(DATA) --out $(or $(OUT),report)

export: setup  ## Write MODEL as ONNX beside its Caffe files, and the largest differences of onnxruntime from Caffe
	$(PY) -m tools.export_onnx --model $(MODEL)

analyze: setup  ## Find and describe faces: IN="photo.jpg ..." OUT=folder, MODEL=folder (default: the model that comes with the kit)
	$(PY) -m tools.analyze $(or $(IN),$(error give pictures with IN=photo.jpg)) $(if $(filter file default,$(origin MODEL)),,--model $(MODEL)) --out $(or $(OUT),out/analyze) --gpu "$(GPU)"

claims: $(D)/db/det/manifest.json $(D)/db/id/manifest.json $(D)/db/val/id/manifest.json  ## Test the paper's claims in small, into docs/claims.md; 40 minutes
	$(PY) -m tools.claims --db $(D)/db --out out/claims --page docs/claims.md

bench: $(D)/db/det/manifest.json $(D)/db/id/manifest.json $(D)/model/provenance.json  ## Time training, reading, building and analyzing on this machine; 15 minutes
	$(PY) -m tools.bench --db $(D)/db --records $(D)/train/faces/records.jsonl --model $(D)/model --out out/bench.json

clean:  ## Remove everything that was made (out/, report/, caches); data/ and .venv stay
	rm -rf out report .pytest_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean  ## Remove the environment too
	rm -rf .venv .uv .python

# ---- make demo: every step is a file that depends on what it is made from, so that a second run redoes only what changed.
DRAWING := $(addprefix data_prep/,head.py render.py scene.py synthetic.py)
BUILDING := $(addprefix data_prep/,aligned_db.py build_db.py sources.py) $(addprefix allinone/,align.py proposals.py record.py store.py)
TRAINING := tools/train.py tools/plan.py tools/processes.py tools/multi_cpu.py evaluate/validation.py $(wildcard python_layers/*.py) $(filter-out prototxt/generate.py,$(wildcard prototxt/*.py)) \
	$(addprefix allinone/,align.py blob.py landmarks.py pose.py regions.py schedules.py snapshots.py surgery.py tasks.py widen.py)
MEASURING := $(filter-out evaluate/validation.py,$(wildcard evaluate/*.py)) $(addprefix allinone/,analyzer.py backend.py boxes.py)
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

$(D)/db/val/id/manifest.json: $(D)/test/faces/records.jsonl $(D)/test/scenes/records.jsonl $(BUILDING)
	@$(PY) -m data_prep.build_db scenes --records $(D)/test/scenes/records.jsonl --out $(D)/db/val
	@$(PY) -m data_prep.build_db aligned --records $(D)/test/faces/records.jsonl --out $(D)/db/val

$(D)/nets.done: $(wildcard prototxt/*.py) allinone/tasks.py allinone/schedules.py | setup
	@echo "[3/7] generating the nets"
	@$(PY) -m prototxt.generate && mkdir -p $(D) && touch $@

$(D)/run/curves.png: $(D)/db/det/manifest.json $(D)/db/id/manifest.json $(D)/db/val/id/manifest.json $(D)/nets.done $(TRAINING)
	@echo "[4/7] training the five sub-networks jointly in Caffe"
	@$(PY) -m tools.train --profile tiny --db $(D)/db --out $(D)/run --resume $(DEVICE)

$(D)/model/provenance.json: $(D)/run/curves.png tools/fuse.py allinone/surgery.py
	@echo "[5/7] fusing the towers into one deploy model"
	@$(PY) -m tools.fuse --profile tiny --run $(D)/run --out $(D)/model --gpu "$(GPU)"

$(D)/eval/results.json: $(D)/model/provenance.json $(D)/test/faces/records.jsonl $(D)/test/scenes/records.jsonl $(MEASURING)
	@echo "[6/7] measuring it on held-out faces and scenes"
	@$(PY) -m evaluate.synthetic --model $(D)/model --faces $(D)/test/faces --scenes $(D)/test/scenes --out $(D)/eval --gpu "$(GPU)"

$(D)/index.html: $(D)/eval/results.json tools/demo_page.py allinone/draw.py
	@echo "[7/7] analyzing pictures, writing the page"
	@$(PY) -m tools.demo_page --demo $(D) --gpu "$(GPU)"

# ---- make train-real: from a folder of labelled real photographs to a fused model and its figures; what is done is kept.
REAL ?= ../shared/real
X := data/real
Y := out/real
REAL_TRAIN = $(PY) -m tools.train --resume $(DEVICE)
COMPOSE = $(PY) -m data_prep.composites --records $(X)/celeba/records.jsonl $(X)/utkface/records.jsonl

$(X)/sets.done: data_prep/real_sets.py data_prep/custom.py data_prep/convert.py | setup
	@$(PY) -m data_prep.real_sets --real $(REAL) --out $(X)
	@set -e; for set in celeba utkface photos; do $(PY) -m data_prep.convert custom --folder $(X)/$$set; done
	@touch $@
$(X)/composites.done: $(X)/sets.done data_prep/composites.py data_prep/scene.py
	@$(COMPOSE) --count 12000 --seed 1 --out $(X)/composites
	@$(COMPOSE) --count 3000 --seed 3 --out $(X)/composites_hard
	@$(COMPOSE) --count 300 --seed 2 --split val --out $(X)/composites_val
	@touch $@
$(X)/scenes/records.jsonl: $(DRAWING) | setup
	@$(PY) -m data_prep.synthetic --kind scenes --count 1500 --identities 1500 --seed 11 --out $(X)/scenes
$(X)/db/aligned.done: $(X)/sets.done $(BUILDING)
	@set -e; for part in train val; do out=$(X)/db; [ $$part = train ] || out=$(X)/db/val; \
		$(PY) -m data_prep.build_db aligned --records $(X)/celeba/records.jsonl --towers smile gender id --set celeba --split $$part --out $$out; \
		$(PY) -m data_prep.build_db aligned --records $(X)/utkface/records.jsonl --towers gender age --set utkface --split $$part --out $$out; done
	@touch $@
$(X)/db/det/manifest.json: $(X)/composites.done $(X)/scenes/records.jsonl $(BUILDING)
	@$(PY) -m data_prep.build_db scenes --without-search $(X)/composites_val/records.jsonl --out $(X)/db/val
	@$(PY) -m data_prep.build_db scenes --without-search $(X)/composites/records.jsonl $(X)/scenes/records.jsonl --out $(X)/db
$(Y)/first/model/provenance.json: $(X)/db/det/manifest.json $(X)/db/aligned.done $(TRAINING)
	@$(REAL_TRAIN) --profile tiny --job pretrain --iterations 1500 --db $(X)/db --out $(Y)/pretrain
	@$(REAL_TRAIN) --profile tiny --base-lr 0.001 --iterations 4000 --db $(X)/db --init $(Y)/pretrain --out $(Y)/first
	@$(PY) -m tools.fuse --profile tiny --run $(Y)/first --out $(Y)/first/model --gpu "$(GPU)"
# What the first model takes for faces, rightly and wrongly, in scenes that it has not seen, is half of what the others learn detection from.
$(X)/hard/det/manifest.json: $(Y)/first/model/provenance.json
	@$(PY) -m data_prep.build_db scenes --records $(X)/composites_hard/records.jsonl --without-search $(X)/composites/records.jsonl $(X)/scenes/records.jsonl \
		--regions-from $(Y)/first/model --gpu "$(GPU)" --out $(X)/hard
	@for part in smile gender age id val; do ln -sfn ../db/$$part $(X)/hard/$$part; done
# The narrow net learns quickly; the wide one starts with what it has learnt, and goes on at a lower rate. Its age loss stays Euclidean: eq. 6's sigma of 3 years
# would leave the faces that are far off as they are. The last run does without dropout where numbers are learnt, which it draws towards their mean.
EUCLIDEAN := --age-switch 1000000
$(Y)/fifth/model/provenance.json: $(X)/hard/det/manifest.json
	@$(REAL_TRAIN) --profile tiny --base-lr 0.001 --iterations 8000 --db $(X)/hard --init $(Y)/first --out $(Y)/second
	@$(REAL_TRAIN) --profile small --base-lr 0.001 --iterations 10000 --db $(X)/hard --init $(Y)/second --widen $(EUCLIDEAN) --out $(Y)/third
	@$(REAL_TRAIN) --profile small --base-lr 0.0007 --iterations 7200 --db $(X)/hard --init $(Y)/third $(EUCLIDEAN) --out $(Y)/fourth
	@$(REAL_TRAIN) --profile small --base-lr 0.0004 --iterations 2000 --db $(X)/hard --init $(Y)/fourth $(EUCLIDEAN) --without-dropout det age --out $(Y)/fifth
	@$(PY) -m tools.fuse --profile small --run $(Y)/fifth --out $(Y)/fifth/model --gpu "$(GPU)"
	@$(PY) -m evaluate.operating_point --model $(Y)/fifth/model --records $(X)/composites_val/records.jsonl --precision 0.98 --gpu "$(GPU)"
	@$(PY) -m evaluate.learn_tpe --model $(Y)/fifth/model --db $(X)/hard/id --held-out $(X)/hard/val/id --gpu "$(GPU)"

train-real: $(Y)/fifth/model/provenance.json  ## Train tiny on real photographs in REAL, twice, the second time with hard regions, then wide from it in three runs, and measure it; 4 hours
	@$(PY) -m evaluate.real --data $(X) --model $(Y)/fifth/model --engine opencv --out $(Y)/eval --gpu "$(GPU)"
	@$(PY) -m tools.sheets --data $(X) --results $(Y)/eval --out $(Y)/sheets

eval-real: setup  ## Measure MODEL (the shipped one without MODEL=) on the held-out part of REAL; after make train-real, or with its data alone
	@$(MAKE) --no-print-directory $(X)/sets.done
	@$(PY) -m evaluate.real --data $(X) --model $(if $(filter file default,$(origin MODEL)),models/small,$(MODEL)) --engine opencv --out out/eval-real --gpu "$(GPU)"
