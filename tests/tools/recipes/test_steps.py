"""Steps of a recipe: a small one of fake commands in a kit of its own, stopped in every way."""

import json
import os
import shutil
import signal
import sys
import time

import pytest
from conftest import ROOT, started

from allinone import closure
from tools.recipes import steps

# Three steps: two notes, each of a file and of numbers in the code, and their sum.
FILES = {
    "fake/__init__.py": "",
    "fake/numbers.py": "FIRST = 1\n",
    "fake/layers/__init__.py": "",
    "fake/layers/second.py": "SECOND = 10\n",
    "fake/add.py": """
import importlib, os, signal, sys, time
from fake.numbers import FIRST

LAYER = "fake.layers.second"  # nothing imports it: Caffe loads a layer by its name

def main():
    out, *sources = sys.argv[1:]
    with open("log", "a") as log:
        log.write(os.path.basename(out) + "\\n")
    time.sleep(float(os.environ.get("SLEEP_" + out.upper(), 0)))
    if os.environ.get("FAIL") == out:
        sys.exit(7)
    if os.environ.get("STOP") == out:  # and end well all the same
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(os.getppid(), signal.SIGTERM)
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
        """Start the recipe as a terminal does."""
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
        return started([sys.executable, "-m", "fake.recipe"], cwd=self.root, env=variables)

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


def test_a_stopped_recipe_begins_nothing_else_though_its_command_ends_well(kit):
    assert kit.run(code=143, STOP="b")[0] == ["a", "b"]
    assert kit.run()[0] == ["b", "c"]


def test_a_second_recipe_waits_for_the_first(kit):
    first = kit.start(SLEEP_A="2")
    kit.wait_for("a")
    second = kit.start()
    out, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert "another process is still at work" in out and second.returncode == 0
    assert (kit.root / "log").read_text().split() == ["a", "b", "c"]


def test_inputs_in_a_folder_with_brackets_count(tmp_path):
    folder = tmp_path / "my [1]" / "db"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    step = steps.Step("one", [], inputs=[f"{tmp_path}/my [1]/**/manifest.json"])
    assert list(steps.state(step)["inputs"]) == [str(folder / "manifest.json")]


@pytest.mark.parametrize("module", ["data_prep.synthetic", "tools.train"])
def test_every_module_of_the_kit_that_a_step_runs_counts(module, tmp_path):
    paths = closure.depended_on([module])
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
