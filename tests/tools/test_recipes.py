"""Recipes: a small one of fake commands in a kit of its own, and what the real ones would run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, with_ctrl_c

from tools.recipes import closures, steps

# Three steps: two notes, each of a file and of numbers in the code, and their sum.
FILES = {
    "fake/__init__.py": "",
    "fake/numbers.py": "FIRST = 1\n",
    "fake/layers/__init__.py": "",
    "fake/layers/second.py": "SECOND = 10\n",
    "fake/add.py": """
import importlib, os, sys, time
from fake.numbers import FIRST

LAYER = "fake.layers.second"  # nothing imports it: Caffe loads a layer by its name

def main():
    out, *sources = sys.argv[1:]
    with open("log", "a") as log:
        log.write(os.path.basename(out) + "\\n")
    time.sleep(float(os.environ.get("SLEEP_" + out.upper(), 0)))
    if os.environ.get("FAIL") == out:
        sys.exit(7)
    if os.environ.get("DIE") == out:
        os.kill(os.getpid(), 9)
    second = importlib.import_module(LAYER).SECOND
    total = FIRST + second + sum(int(open(source).read()) for source in sources)
    with open(out, "w") as stream:
        stream.write(str(total))

if __name__ == "__main__":
    main()
""",
    "fake/recipe.py": """
import os, sys
from allinone.errors import command
from tools.recipes.steps import Step, run

@command
def main(argv=None):
    more = os.environ.get("MORE", "").split()
    return run([
        Step("a", [["fake.add", "a", "one", *more]], ["one", *more], ["a"], "[1/3] a"),
        Step("b", [["fake.add", "b", "a"]], ["a"], ["b"], "[2/3] b"),
        Step("c", [["fake.add", "c", "b", "two"]], ["b", "two"], ["c"]),
    ], "notes")

if __name__ == "__main__":
    sys.exit(main())
""",
    "one": "100",
    "two": "200",
}
MODULES = ["fake/add.py", "fake/numbers.py", "fake/layers/second.py"]


class Kit:
    """A kit with a recipe of three steps."""

    def __init__(self, root):
        self.root = root
        for package in ("allinone", "tools/recipes"):
            shutil.copytree(os.path.join(ROOT, package), root / package)
        shutil.copy(os.path.join(ROOT, "tools/__init__.py"), root / "tools")
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)

    def start(self, **environment):
        """Start the recipe in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "fake.recipe"],
            cwd=self.root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=with_ctrl_c,
        )

    def run(self, code=0, **environment):
        """Run the recipe; return the steps that were done, and what was printed."""
        log = self.root / "log"
        log.unlink(missing_ok=True)
        process = self.start(**environment)
        out, error = process.communicate()
        assert process.returncode == code, out + error
        assert "Traceback" not in error, error
        return log.read_text().split() if log.exists() else [], out + error

    def wait_for(self, step):
        """Wait until a step has begun."""
        for _ in range(600):
            log = self.root / "log"
            if log.exists() and step in log.read_text().split():
                return
            time.sleep(0.05)
        raise AssertionError(f"step {step} did not begin")


@pytest.fixture
def kit(tmp_path):
    return Kit(tmp_path)


def test_a_second_run_does_nothing(kit):
    assert kit.run() == (["a", "b", "c"], "[1/3] a\n[2/3] b\n")
    assert kit.run() == ([], "")
    assert (kit.root / "c").read_text() == "333"


@pytest.mark.parametrize("path", MODULES)
def test_a_changed_constant_anywhere_in_its_code_does_a_step_again(kit, path):
    kit.run()
    with open(kit.root / path, "a") as stream:
        stream.write("\n# words alone change nothing\n")
    assert kit.run()[0] == []
    text = (kit.root / path).read_text()
    changed = (
        text.replace("= 10", "= 20").replace("= 1\n", "= 2\n").replace("FIRST +", "2 * FIRST +")
    )
    assert changed != text
    (kit.root / path).write_text(changed)
    assert kit.run()[0] == ["a", "b", "c"]
    assert kit.run()[0] == []


def test_a_changed_input_does_again_what_stands_on_it(kit):
    kit.run()
    (kit.root / "two").write_text("300")
    assert kit.run()[0] == ["c"]
    (kit.root / "one").write_text("101")
    assert kit.run()[0] == ["a", "b", "c"]
    os.utime(kit.root / "one")  # what a file holds counts, not its time
    assert kit.run()[0] == []


def test_a_changed_command_a_missing_output_and_a_broken_stamp_do_a_step_again(kit):
    kit.run()
    assert kit.run(MORE="two")[0] == ["a", "b", "c"]
    assert kit.run(MORE="two")[0] == []
    (kit.root / "c").unlink()
    assert kit.run(MORE="two")[0] == ["c"]
    (kit.root / "notes/steps/b.json").write_text("{")
    assert kit.run(MORE="two")[0] == ["b"]  # and says the same as before: c stays


def test_a_failing_step_ends_the_recipe_with_its_code_and_is_begun_again(kit):
    assert kit.run(code=7, FAIL="b")[0] == ["a", "b"]
    assert kit.run()[0] == ["b", "c"]


def test_a_step_that_a_signal_ends_is_named(kit):
    done, text = kit.run(code=137, DIE="b")
    assert done == ["a", "b"] and "fake.add was ended by signal 9" in text
    assert kit.run()[0] == ["b", "c"]


def test_a_step_that_was_begun_anew_and_stopped_does_not_count_as_done(kit):
    """Also where what made it begin is taken back: its outputs may be half of the one, half new."""
    kit.run()
    (kit.root / "one").write_text("101")
    kit.run(code=7, FAIL="a")
    (kit.root / "one").write_text("100")
    assert kit.run()[0] == ["a"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["a", "b", "c"])
def test_a_stopped_recipe_goes_on_with_the_step_that_was_stopped(kit, step, number):
    process = kit.start(**{f"SLEEP_{step.upper()}": "30"})
    kit.wait_for(step)
    if number == signal.SIGTERM:
        process.terminate()  # it tells the command that runs
    else:
        os.killpg(process.pid, number)  # as a terminal does, and as a machine that goes down
    _, error = process.communicate(timeout=20)
    codes = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
    assert process.returncode == codes[number], error
    rest = ["a", "b", "c"][["a", "b", "c"].index(step) :]
    assert kit.run()[0] == rest
    assert (kit.root / "c").read_text() == "333"


def test_a_second_recipe_waits_for_the_first(kit):
    first = kit.start(SLEEP_A="2")
    kit.wait_for("a")
    second = kit.start()
    out, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert "another process is still at work" in out and second.returncode == 0
    assert (kit.root / "log").read_text().split() == ["a", "b", "c"]


def test_the_code_of_a_step_is_all_that_its_command_imports_or_names():
    """The lists that were once kept by hand missed some of these."""
    train = closures.paths(["tools.train"])
    for name in ("tasks", "profiles", "schedules", "store", "boxes", "regions", "surgery", "widen"):
        assert f"allinone/{name}.py" in train
    for name in ("age_loss", "face_data", "region_data", "masked_euclidean", "vary"):
        assert f"python_layers/{name}.py" in train
    assert "allinone/analyzer.py" not in train
    build = closures.paths(["data_prep.build_db"])
    for name in ("scenes_db", "region_cache", "align_faces", "aligned_db"):
        assert f"data_prep/{name}.py" in build
    convert = closures.paths(["data_prep.convert"])
    assert "data_prep/readers/custom.py" in convert and "data_prep/readers/fddb.py" in convert
    assert "evaluate/benchmarks/afw.py" in closures.paths(["evaluate.measure"])


@pytest.mark.parametrize("module", ["data_prep.synthetic", "tools.train"])
def test_every_module_of_the_kit_that_a_step_runs_counts(module, tmp_path):
    paths = closures.paths([module])
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.join(ROOT, path), tmp_path / path)
    step, root = steps.Step("one", [[module]]), str(tmp_path)
    stamp = tmp_path / "notes/steps/one.json"
    stamp.parent.mkdir(parents=True)
    stamp.write_text(json.dumps(steps.state(step, root)))
    assert len(paths) > 5 and steps.why(step, f"{root}/notes", root) == ""
    for path in paths:
        before = (tmp_path / path).read_text()
        (tmp_path / path).write_text(f"{before}\nCONSTANT = 1\n")
        assert steps.why(step, f"{root}/notes", root) == f"{path} has changed"
        (tmp_path / path).write_text(before)


def shown(command, *arguments):
    """Return the commands that a recipe would run, and the steps' names."""
    done = command(*arguments, "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    commands = [line.strip() for line in lines if line.startswith("  python -m ")]
    return commands, [line.split(":")[0] for line in lines if not line.startswith(" ")]


def test_the_demo_draws_builds_trains_fuses_measures_and_shows(command, tmp_path):
    out = tmp_path / "demo"
    commands, names = shown(command, "tools.recipes.demo", "--out", out)
    assert names == (
        ["faces", "scenes", "test_faces", "test_scenes", "regions", "aligned", "validation"]
        + ["nets", "train", "fuse", "measure", "page"]
    )
    text = "\n".join(commands)
    for part in (
        "--kind portraits --count 3000 --out {out}/train/faces --identities 1000 --seed 1",
        "--kind scenes --count 200 --out {out}/train/scenes --identities 1000 --seed 1",
        "{out}/test/faces --identities 60 --first-identity 1000 --seed 2",
        "tools.train --profile tiny --db {out}/db --out {out}/run --resume --cores 2",
        "evaluate.synthetic --model {out}/model",
        "tools.demo_page --demo {out}",
    ):
        assert part.format(out=out) in text
    assert not out.exists()
    commands, names = shown(
        command, "tools.recipes.demo", "--out", out, "--until", "train", "--gpu", "0"
    )
    assert names[-1] == "train" and "--gpu 0" in commands[-1] and "--cores" not in commands[-1]


def test_a_step_that_does_not_exist_is_refused(expect_refusal, tmp_path):
    arguments = ["--out", tmp_path / "demo", "--until", "lunch"]
    expect_refusal("tools.recipes.demo", arguments, "--until lunch", "validation, nets, train")


def test_a_model_of_photographs_is_made_in_six_runs(command, tmp_path):
    """What one run leaves the next starts from; ITERATIONS, LR and BATCH reach all of them."""
    folders = ["--real", "mine", "--data", tmp_path / "data", "--out", tmp_path / "out"]
    tuned = ["--iterations", "20", "--base-lr", "0.0001", "--batch", "0.5"]
    commands, names = shown(command, "tools.recipes.real", *folders, *tuned)
    trainings = [line for line in commands if "tools.train" in line]
    assert len(trainings) == 6
    for line in trainings:
        assert line.split("--iterations")[-1].split()[0] == "20"
        assert line.endswith("--base-lr 0.0001 --batch 0.5")
    outs = [line.split("--out ")[1].split()[0] for line in trainings]
    starts = [line.split("--init ")[1].split()[0] for line in trainings if "--init" in line]
    assert starts == outs[:-1]
    assert names.index("hard_regions") == names.index("narrow_hard") - 1
    assert "tools.fuse --profile small" in commands[-5] and f"--run {outs[-1]}" in commands[-5]
    assert not (tmp_path / "data").exists()


def test_photographs_are_read_once(command, real_source, tmp_path):
    """What make eval-real needs: the sets alone."""
    folders = ["--data", tmp_path / "data", "--out", tmp_path / "out"]
    line = ["tools.recipes.real", "--real", real_source / "real", *folders, "--until", "sets"]
    first, second = command(*line), command(*line)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "celeba" in first.stdout and second.stdout == ""
    for name in ("celeba", "utkface", "photos"):
        assert (tmp_path / "data" / name / "records.jsonl").stat().st_size > 0
    assert os.readlink(tmp_path / "data/hard/val") == "../db/val"


def test_a_folder_without_photographs_is_refused(command, tmp_path):
    folders = ["--real", tmp_path, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    done = command("tools.recipes.real", *folders, "--until", "sets")
    assert done.returncode == 2, done.stderr
    assert "celeba.jsonl: no such file" in done.stderr and "Traceback" not in done.stderr


def test_fine_tuning_goes_through_the_folds_that_are_there(command, expect_refusal, tmp_path):
    names = ("fold_01", "fold_02", "fold_10", "all")
    for name in names:
        (tmp_path / "db/finetune/fddb" / name / "det").mkdir(parents=True)
    folders = ["--db", tmp_path / "db", "--run", "joint", "--out", tmp_path / "runs"]
    command_line = ["tools.recipes.finetune", "fddb", "--profile", "tiny", *folders]
    commands, _ = shown(command, *command_line)
    assert len(commands) == 8
    for number, name in enumerate(names):
        train, fuse = commands[2 * number : 2 * number + 2]
        db, run = f"{tmp_path}/db/finetune/fddb/{name}", f"runs/fddb/{name}"
        assert f"--db {db} --out {tmp_path}/{run}" in train and "--init joint" in train
        assert f"--run joint --run {tmp_path}/{run} --out {tmp_path}/{run}/model" in fuse
    tuned = ["--fold", "2", "--iterations", "7", "--base-lr", "0.5", "--batch", "2"]
    commands, _ = shown(command, *command_line, *tuned)
    assert len(commands) == 2 and "fold_02" in commands[0]
    assert "--iterations 7 --base-lr 0.5 --batch 2" in commands[0]
    commands, _ = shown(command, *command_line, "--fold", "all")
    assert len(commands) == 2 and "finetune/fddb/all" in commands[0]
    module, *arguments = command_line
    expect_refusal(module, [*arguments, "--fold", "99"], "FOLD=99", "folds there: 1, 2, 10, all")
    for fold in range(3, 10):
        (tmp_path / f"db/finetune/fddb/fold_{fold:02d}").mkdir()
    expect_refusal(module, [*arguments, "--fold", "99"], "FOLD=99", "folds there: 1 to 10")


def test_fine_tuning_without_a_database_or_for_an_unknown_set_is_refused(expect_refusal, tmp_path):
    folders = ["--db", tmp_path, "--run", "joint", "--out", tmp_path / "runs"]
    module = "tools.recipes.finetune"
    expect_refusal(module, ["fotw", *folders], "finetune/fotw: no such folder", "make data-fotw")
    (tmp_path / "finetune/fotw").mkdir(parents=True)
    expect_refusal(module, ["fotw", "--fold", "1", *folders], "FOLD=1", "leave FOLD out")
    expect_refusal(module, ["afw", *folders], "afw", "fddb, fotw, lap2015, fgnet")


LOGGING = """
import sys
open("log", "a").write(" ".join([__spec__.name, *sys.argv[1:]]) + "\\n")
"""


@pytest.mark.parametrize(
    "waiting, modules",
    [
        ("", ["data_prep.databases"]),
        ("casia\n", ["data_prep.databases", "tools.train", "tools.fuse", "data_prep.databases"]),
    ],
)
def test_what_finds_landmarks_is_trained_only_where_it_is_needed(kit, waiting, modules):
    shutil.copytree(os.path.join(ROOT, "data_prep"), kit.root / "data_prep")
    for path in ("data_prep/databases.py", "tools/train.py", "tools/fuse.py"):
        (kit.root / path).write_text(LOGGING)
    (kit.root / "db").mkdir()
    (kit.root / "db/without_landmarks.txt").write_text(waiting)
    options = ["--db", "db", "--profile", "tiny", "--iterations", "5", "--cores", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tools.recipes.data", "casia", *options],
        cwd=kit.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    calls = (kit.root / "log").read_text().splitlines()
    assert [call.split()[0] for call in calls] == modules
    assert "data_prep.databases casia --data data --out db --profile tiny" in calls[0]
    if waiting:
        train, fuse, last = calls[1:]
        assert "--job hyperface" in train and "--cores 3" in train and "--iterations 5" in train
        assert "--tower hyperface" in fuse
        assert "--landmarks-from out/tiny/hyperface/model" in last


def test_data_without_sets_is_refused(command, tmp_path):
    done = command("tools.recipes.data", "--data", tmp_path, "--db", tmp_path / "db")
    assert done.returncode == 2, done.stderr
    assert str(tmp_path) in done.stderr and "Traceback" not in done.stderr


def test_all_benchmarks_without_sets_are_named_and_measure_nothing(command, tmp_path):
    done = command("tools.recipes.evaluate_all", "--data", tmp_path, "--out", tmp_path / "eval")
    assert done.returncode == 0, done.stderr
    assert f"fddb: {tmp_path}/fddb is not there" in done.stdout
    assert "ijba:" in done.stdout and not (tmp_path / "eval").exists()


def test_a_benchmark_that_fails_stops_no_other_and_is_named(command, tmp_path):
    for name in ("afw", "pascal"):
        (tmp_path / "data" / name).mkdir(parents=True)
    arguments = ["--data", tmp_path / "data", "--out", tmp_path / "eval", "--model", tmp_path]
    done = command("tools.recipes.evaluate_all", *arguments)
    assert done.returncode == 2 and "error: not measured: " in done.stderr
    assert "afw" in done.stderr and "pascal" in done.stderr and "Traceback" not in done.stderr
    done = command("tools.recipes.evaluate_all", "afw", *arguments)
    assert done.returncode == 2 and "not measured" not in done.stderr


def test_an_unknown_benchmark_and_a_score_that_it_has_not_are_refused(expect_refusal, tmp_path):
    module, out = "tools.recipes.evaluate_all", ["--out", tmp_path / "eval"]
    expect_refusal(module, ["imagenet", *out], "no benchmark 'imagenet'", "fddb")
    expect_refusal(module, ["fddb", "--score", "aligned", *out], "SCORE=aligned", "fddb")


def test_held_out_sets_are_drawn_before_a_model_is_measured(command, tmp_path):
    arguments = ["--model", "some/model", "--sets", tmp_path]
    commands, _ = shown(command, "tools.recipes.evaluate_synthetic", *arguments)
    assert "--count 600" in commands[0] and "--count 60 " in commands[1]
    assert "evaluate.synthetic --model some/model" in commands[2]


def test_a_model_that_is_not_there_is_not_measured(command, tmp_path):
    for kind in ("faces", "scenes"):
        (tmp_path / "sets" / kind).mkdir(parents=True)
    arguments = ["--model", tmp_path / "none", "--sets", tmp_path / "sets", "--until", "lunch"]
    done = command("tools.recipes.evaluate_synthetic", *arguments)
    assert done.returncode == 2 and "--until lunch" in done.stderr
