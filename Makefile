# Every job of the kit: `make` lists the targets, what each takes, and what that means.
#: GPU: 0 or 0,1; without it the CPU is used. PYTHON: makes the environment. Both go everywhere.
#: PROFILE: paper, tiny or small: the sizes of the nets. CORES: processes that train without a GPU,
#: or that analyze; default of these: one a core.
#: ITERATIONS, LR: of the training; default: the job's (allinone/schedules.py). BATCH: what every
#: mini-batch is multiplied by, such as 0.5. INIT: run or model to start from; with nothing: random
#: weights; train-hyperface: caffemodel of AlexNet. RUN: folder of the joint training. RUNS: folders
#: of trainings whose towers are fused. TRUNK: the one of RUNS whose shared layers are taken.
#: PROPOSAL: folders of the trainings of the nets that find where to look; default: those of
#: train-proposal and train-screen.
#: FOLD: numbers of folds, or all: the whole set; default: each by turns.
#: DATA: folder with a folder for each dataset. SRC: that of one dataset, where it is not in DATA.
#: DB: folder of databases; default: DATA/db. SETS: names of datasets. FACES, SCENES: records.jsonl
#: of portraits and of scenes. LANDMARKS: model that finds landmarks where a dataset has none.
#: REAL: folder of labelled photographs. MODEL: folder of a fused model. STAGE1: of the model that
#: finds faces and landmarks, where that is another. EVAL: folder of what is measured. PROPOSALS:
#: fast, dense or selective-search: where faces are looked for; default: the last for profile paper.
#: SYSTEMS: folder as EVAL, of eval-ijba with other models: its rows stand in table VI.
#: SCORE: mean-regions or aligned: how gender, smile and age are scored. IN: pictures, folders or
#: patterns. OUT: folder for what is made. CHECK: 1 compares only. CASES: how many cases are tried;
#: SEED: of which they are drawn. CASE: seed:class:number of one that is shown. CAFFE_SOURCE: folder
#: or archive of Caffe's source; default: fetched. CUDNN: 1 convolves by cuDNN 9. BUNDLE: folder for
#: a build of Caffe that can be moved. PEOPLE: folder of those whom a service knows. HOST, PORT:
#: where it listens; default: 127.0.0.1, 8000; another HOST needs the token of ALLINONE_TOKEN.
#: Paths may have blanks and any other signs: IN="my photos/a b.jpg". Names in IN, RUNS, PROPOSAL
#: and SYSTEMS stand with a blank between them: a.jpg b.jpg
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
# A path that is given counts letter by letter, also its $; only ~/ at its beginning means HOME,
# and one that begins with - must not be taken for an option.
PATHS := DATA SRC DB FACES SCENES LANDMARKS REAL MODEL STAGE1 EVAL SYSTEMS INIT RUN RUNS TRUNK \
	PROPOSAL IN OUT CAFFE_SOURCE BUNDLE PEOPLE
given = $(filter command override,$(firstword $(origin $1)))
literal = $(subst <path>,,$(subst <path>-,./-,$(subst <path>~/,$(HOME)/,<path>$(value $1))))
$(foreach one,$(PATHS),$(if $(call given,$(one)),$(eval override $(one) := $$(call literal,$(one)))))
# One argument of a command, and an option with one where there is a value.
quoted = '$(subst ','\'',$1)'
option = $(if $2,$1 $(call quoted,$2))
PY := .venv/bin/python
RECIPE := $(PY) -m tools.recipes
PROFILE ?= paper
CORES ?= 2
DATA ?= data
DB ?= $(DATA)/db
FACES ?= data/synthetic/faces/records.jsonl
SCENES ?= data/synthetic/scenes/records.jsonl
# Profile small starts from a teacher's descriptors where there are some in DB.
TAUGHT = $(shell ls -d $(call quoted,$(DB)/distill) out/small/distill/finished 2>/dev/null)
FIRST := $(if $(filter small,$(PROFILE)),$(if $(TAUGHT),distill,pretrain),pretrain)
PRETRAINED := out/$(PROFILE)/$(FIRST)
INIT ?= $(PRETRAINED)
GIVEN_START = $(INIT)
RUN ?= out/$(PROFILE)/joint
RUNS ?= $(RUN)
PROPOSAL ?= $(wildcard out/$(PROFILE)/proposal out/$(PROFILE)/screen)
MODEL ?= out/$(PROFILE)/model
EVAL ?= out/$(PROFILE)/eval
REAL ?= ../shared/real
DEVICE = $(if $(GPU),--gpu "$(GPU)",--cores $(CORES))
TUNED = $(call option,--iterations,$(ITERATIONS)) $(call option,--base-lr,$(LR)) \
	$(call option,--batch,$(BATCH))
TRAIN = $(PY) -m tools.train --profile $(PROFILE) --db $(call quoted,$(DB)) --resume $(DEVICE) \
	$(TUNED)
BUILDING = $(call option,--source,$(CAFFE_SOURCE)) $(call option,--bundle,$(BUNDLE))
GIVEN_MODEL = $(if $(filter file default,$(origin MODEL)),,--model $(call quoted,$(MODEL)))
GIVEN_PROFILE = $(if $(filter file default,$(origin PROFILE)),,--profile $(PROFILE))
DATABASES = --profile $(PROFILE) $(call option,--landmarks-from,$(LANDMARKS))
EVALUATE = $(RECIPE).evaluate_all --data $(call quoted,$(DATA)) --out $(call quoted,$(EVAL)) \
	--profile $(PROFILE) --gpu "$(GPU)" $(GIVEN_MODEL) $(call option,--stage1,$(STAGE1)) \
	$(call option,--proposals,$(PROPOSALS)) $(call option,--score,$(SCORE))
# A small net gets slower with more BLAS threads.
test quick claims bench bench-peers report eval-real eval-custom fuzz: \
	export OPENBLAS_NUM_THREADS = 1
ifneq ($(PROFILE),paper)
export OPENBLAS_NUM_THREADS = 1
endif
# The lists are the kit's own tables: a dataset or a benchmark is a module of its folder.
modules = $(filter-out _%,$(basename $(notdir $1)))
column = $(shell sed -nE 's/^ +$1="([^"]*)",.*/\1/p' $2 | uniq)
DATASETS := $(call modules,$(wildcard data_prep/readers/*.py))
BENCHMARKS := $(call modules,$(wildcard evaluate/benchmarks/*.py))
FINETUNED := $(call modules,$(shell grep -l '^    finetunes=' data_prep/readers/*.py))
APART := hyperface proposal screen
TOWERS := $(call column,tower,allinone/tasks.py) $(APART)
PROFILES := $(call column,name,allinone/profiles.py)

help:  ## List the targets, what each takes, and what that means
	@awk -v training="$(TRAINING)" -v measuring="$(MEASURING)" -f tools/help.awk $(THIS)
	@echo "  data-<set>: $(DATASETS)"
	@echo "  finetune-<set>: $(FINETUNED)"
	@echo "  eval-<set>: $(BENCHMARKS)"
	@echo "  train-<tower>: $(TOWERS)"
demo: setup  ## The whole chain on drawn faces, from data to figures; 10 minutes [CORES]
	@$(RECIPE).demo $(DEVICE)
test: setup  ## Run the tests; 15 minutes
	$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder
quick: setup  ## Run the tests that need no net and start no command; under a minute
	$(PY) -m pytest -m "not net and not command"
lint: setup  ## Check the style of the code
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
setup:  ## Make .venv with Caffe and what it needs; does nothing when done
	@bash tools/setup.sh
	@$(if $(GPU),$(if $(filter env check-gpu,$(GOALS)),,$(PY) -m tools.check_gpu "$(GPU)"))
caffe-gpu:  ## Build Caffe with CUDA, for every later target; 10 minutes [CAFFE_SOURCE CUDNN BUNDLE]
	@bash tools/build_caffe.sh gpu $(if $(filter-out 0,$(CUDNN)),--cudnn) $(BUILDING)
caffe-cpu:  ## Build Caffe without CUDA, for Python 3.9 to 3.13; 5 minutes [CAFFE_SOURCE BUNDLE]
	@bash tools/build_caffe.sh cpu $(BUILDING)
env: setup  ## Check Python, Caffe, GPU, packages, disk and memory; every problem has its mend
	@$(PY) -m tools.check_env --gpu "$(GPU)"
check-gpu: setup  ## Prove that a machine computes rightly; minutes [OUT ITERATIONS PROFILE]
	@$(PY) -m tools.prove_gpu --gpu "$(GPU)" --out $(call quoted,$(or $(OUT),out/gpu)) \
		$(call option,--iterations,$(ITERATIONS)) $(GIVEN_PROFILE)
docs: setup  ## Write docs/network.md, the drawn nets, the pictures of pose and of the age loss
	@$(PY) -m tools.describe_nets
	@$(PY) -m tools.draw_pose
	@$(PY) -m tools.draw_age_loss
nets: setup  ## Write the generated nets and solvers, or compare them with the committed [CHECK]
	@$(PY) -m prototxt.generate $(if $(CHECK),--check)

data-synthetic: setup  ## Draw a labelled set into data/synthetic: 20,000 portraits, 2,000 scenes
	$(PY) -m data_prep.synthetic --kind portraits --count 20000 --identities 2000 --seed 1 \
		--out data/synthetic/faces
	$(PY) -m data_prep.synthetic --kind scenes --count 2000 --identities 2000 --seed 1 \
		--out data/synthetic/scenes
$(DATASETS:%=data-%): data-%: setup  ## Read one dataset [DATA SRC DB PROFILE LANDMARKS]
	$(PY) -m data_prep.convert $* --folder $(call quoted,$(or $(SRC),$(DATA)/$*))
	$(PY) -m data_prep.databases $* --data $(call quoted,$(DATA)) --out $(call quoted,$(DB)) \
		$(DATABASES) --gpu "$(GPU)" $(call option,--folder,$(SRC))
data: setup  ## Build the databases of all training sets there [DATA DB SETS LANDMARKS TRAINING]
	$(RECIPE).data $(SETS) --data $(call quoted,$(DATA)) --db $(call quoted,$(DB)) $(DATABASES) \
		$(DEVICE) $(TUNED)
drawn-data: setup  ## Draw small sets in the layouts of the real ones, to try the targets on [OUT]
	$(PY) -m data_prep.drawn_sets --out $(call quoted,$(or $(OUT),out/drawn))
db: setup  ## Build the databases of two records files [FACES SCENES DATA DB PROFILE]
	$(PY) -m data_prep.build_db scenes --records $(call quoted,$(SCENES)) \
		--without-search $(call quoted,$(FACES)) --out $(call quoted,$(DB))
	$(PY) -m data_prep.build_db aligned --records $(call quoted,$(FACES)) --profile $(PROFILE) \
		--out $(call quoted,$(DB))
inspect: setup  ## Draw random samples of every database in DB, with their labels [DATA DB OUT]
	$(PY) -m tools.inspect_db $(call quoted,$(DB)) --out $(call quoted,$(or $(OUT),out/inspect))

pretrain: setup  ## Train the identity net, from which the others start [DATA DB TRAINING]
	$(TRAIN) --job pretrain --out out/$(PROFILE)/pretrain
	@touch out/$(PROFILE)/pretrain/finished
distill: setup  ## Train it on another net's descriptors; the start of small [DATA DB TRAINING]
	$(TRAIN) --job distill --out out/$(PROFILE)/distill
	@touch out/$(PROFILE)/distill/finished
# It is trained first where it is the one to start from, and has not been trained to its end.
START := $(if $(filter $(PRETRAINED),$(INIT)),$(if $(wildcard $(PRETRAINED)/finished),,$(FIRST)))
train $(patsubst %,train-%,$(filter-out $(APART),$(TOWERS))): $(START)
train: setup  ## Train the sub-networks jointly, or go on with it [DATA DB INIT RUN TRAINING]
	$(TRAIN) --job joint --out $(call quoted,$(RUN)) $(call option,--init,$(INIT))
# HyperFace starts from AlexNet's caffemodel where INIT names it, never from the identity net, the
# nets of windows from random weights; on your faces the shipped model is fine-tuned where INIT
# names no other.
$(APART:%=train-%) finetune-custom: \
	GIVEN_START = $(if $(filter file default,$(origin INIT)),,$(INIT))
$(TOWERS:%=train-%): train-%: setup  ## Train one tower or net alone [DATA DB INIT TRAINING]
	$(TRAIN) --job $* --out out/$(PROFILE)/$* $(call option,--init,$(GIVEN_START))
$(FINETUNED:%=finetune-%): finetune-%: setup  ## Fine-tune and fuse [DATA DB RUN FOLD TRAINING]
	@$(RECIPE).finetune $* --profile $(PROFILE) --db $(call quoted,$(DB)) \
		--run $(call quoted,$(RUN)) --out out/$(PROFILE) $(call option,--fold,$(FOLD)) \
		$(DEVICE) $(TUNED)
finetune-custom: setup  ## Fine-tune on your faces [DATA SRC INIT LANDMARKS OUT CORES ITERATIONS LR BATCH]
	@$(RECIPE).custom --folder $(call quoted,$(or $(SRC),$(DATA)/custom)) \
		--out $(call quoted,$(or $(OUT),out/custom)) $(call option,--init,$(GIVEN_START)) \
		$(call option,--landmarks-from,$(LANDMARKS)) $(DEVICE) $(TUNED)
fuse: setup  ## Fuse newest snapshots into MODEL, and calibrate it [RUN RUNS TRUNK PROPOSAL MODEL PROFILE]
	$(PY) -m tools.fuse --run $(call quoted,$(RUNS)) $(call option,--trunk,$(TRUNK)) \
		$(call option,--proposal,$(PROPOSAL)) --out $(call quoted,$(MODEL)) --gpu "$(GPU)"
	$(PY) -m evaluate.calibrate --model $(call quoted,$(MODEL)) \
		--run $(call quoted,$(RUNS)) --gpu "$(GPU)"
	$(PY) -m evaluate.operating_point --model $(call quoted,$(MODEL)) \
		--run $(call quoted,$(RUNS)) --gpu "$(GPU)"

eval-synthetic: setup  ## Measure MODEL on held-out drawn faces and scenes [MODEL PROFILE]
	$(RECIPE).evaluate_synthetic --model $(call quoted,$(MODEL)) --gpu "$(GPU)"
$(BENCHMARKS:%=eval-%): eval-%: setup  ## Measure on a benchmark whose set is there [MEASURING]
	$(EVALUATE) $*
tpe-ijba: setup  ## Learn the embedding (TPE) of each split of IJB-A; measure with it [MEASURING]
	$(EVALUATE) ijba --train-tpe
eval: setup  ## Measure on all benchmarks whose sets are there [MEASURING]
	@$(EVALUATE)
report: setup  ## Write measured figures beside the paper's [DATA EVAL OUT PROFILE SYSTEMS]
	@$(PY) -m evaluate.report --results $(call quoted,$(EVAL)) --data $(call quoted,$(DATA)) \
		--out $(call quoted,$(or $(OUT),report)) $(call option,--systems,$(SYSTEMS))
train-real: setup  ## Make a model from photographs; many hours [REAL CORES ITERATIONS LR BATCH]
	@$(RECIPE).real --real $(call quoted,$(REAL)) $(DEVICE) $(TUNED)
eval-real: setup  ## Measure MODEL, or the shipped one, on the held-out part of REAL [REAL MODEL]
	@$(RECIPE).real --real $(call quoted,$(REAL)) --until sets
	@$(PY) -m evaluate.real --data data/real $(or $(GIVEN_MODEL),--model models/small) \
		--out out/eval-real --gpu "$(GPU)"
export: setup  ## Write MODEL as ONNX too, and how far onnxruntime is from Caffe [MODEL PROFILE]
	$(PY) -m tools.export_onnx --model $(call quoted,$(MODEL))
analyze: setup  ## Find and describe faces, with the shipped model or MODEL [IN MODEL OUT CORES]
	$(PY) -m tools.analyze $(call quoted,$(or $(IN),$(error give pictures with IN=photo.jpg))) \
		$(GIVEN_MODEL) --out $(call quoted,$(or $(OUT),out/analyze)) --gpu "$(GPU)" \
		$(call option,--workers,$(if $(call given,CORES),$(CORES)))
serve: setup  ## Answer over HTTP, with a page at http://127.0.0.1:8000 [MODEL PEOPLE HOST PORT]
	@$(PY) -m allinone serve $(GIVEN_MODEL) --people $(call quoted,$(or $(PEOPLE),out/people)) \
		$(call option,--host,$(HOST)) $(call option,--port,$(PORT)) --gpu "$(GPU)"
claims: setup  ## Test the paper's claims in small, into docs/claims.md; 40 minutes [CORES]
	@$(RECIPE).demo --until validation $(DEVICE)
	$(PY) -m tools.claims --db out/demo/db --out out/claims --page docs/claims.md
bench: setup  ## Time training, reading, building and analyzing here; 20 minutes [CORES REAL]
	@$(RECIPE).demo --until fuse $(DEVICE)
	$(PY) -m tools.bench --db out/demo/db --records out/demo/train/faces/records.jsonl \
		--model out/demo/model --real $(call quoted,$(REAL)) --out out/bench.json
bench-peers: setup  ## Time other people's face analysis beside ours; installs it [MODEL OUT REAL]
	$(PY) -m tools.bench_peers $(GIVEN_MODEL) --real $(call quoted,$(REAL)) \
		--out $(call quoted,$(or $(OUT),out/peers))
fuzz: setup  ## Give the commands hostile input; an hour [CASES SEED CASE CORES]
	@$(PY) -m tools.fuzz $(if $(CASE),--only $(call quoted,$(CASE)),--cases $(or $(CASES),10000) \
		--seed $(or $(SEED),1) --cores $(CORES))
kill: setup  ## Kill commands 200 times; they must end as if never killed; half an hour [SEED OUT]
	$(PY) -m tools.kill --kills 200 --seed $(or $(SEED),1) --out $(call quoted,$(or $(OUT),out/kill))
clean:  ## Remove what was made (out/, report/, caches); data/ and .venv stay
	rm -rf out report .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
distclean: clean  ## Remove the environment too
	rm -rf .venv .uv .python .caffe-gpu .caffe-cpu

# What is not in these lines is refused before anything runs.
TRAINING := PROFILE CORES ITERATIONS LR BATCH
MEASURING := DATA MODEL STAGE1 EVAL PROPOSALS SCORE PROFILE
THIS := $(firstword $(MAKEFILE_LIST))
FAMILY := $(DATASETS:%=data-%) $(TOWERS:%=train-%) $(FINETUNED:%=finetune-%) $(BENCHMARKS:%=eval-%)
TARGETS := $(shell sed -nE 's/^([a-z-]+):.*\#\#.*/\1/p' $(THIS)) $(FAMILY)
.PHONY: $(TARGETS)
GOALS := $(or $(MAKECMDGOALS),help)
first = $(firstword $(subst -, ,$1))-
rule = $(if $(filter $1,$(FAMILY)),.* $(call first,$1)%,$1)
line = $(shell sed -nE 's/^$(rule):.*\#\# .*\[(.*)\]$$/\1/p' $(THIS))
takes = $(subst MEASURING,$(MEASURING),$(subst TRAINING,$(TRAINING),$(line)))
TAKEN := $(sort GPU PYTHON $(foreach goal,$(GOALS),$(call takes,$(goal))))
STRANGE := $(filter-out $(TAKEN),$(foreach one,$(filter-out .%,$(.VARIABLES)),$(if \
	$(call given,$(one)),$(one))))
$(foreach goal,$(filter-out $(TARGETS),$(GOALS)),$(error no target '$(goal)'; there are \
	$(or $(filter $(call first,$(goal))%,$(TARGETS)),$(TARGETS))))
$(if $(STRANGE),$(error $(firstword $(STRANGE)): not taken by make $(GOALS), which takes $(TAKEN)))
$(foreach one,$(filter-out $(PROFILES),$(or $(PROFILE),none)),$(error PROFILE=$(one): no such \
	profile; there are $(PROFILES)))
