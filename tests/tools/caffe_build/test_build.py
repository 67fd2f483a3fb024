"""Building Caffe, on stand-in programs: what is missing is named, what fails says why."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from programs import program

from allinone.errors import InputError
from tools.caffe_build import build, source, sources, toolchain


def start(folder, *arguments, **environment):
    """Run python -m tools.build_caffe in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tools.build_caffe", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT, **environment},
    )


def test_every_missing_tool_is_named_with_the_line_that_installs_it(tmp_path):
    done = start(tmp_path, "cpu", PATH=str(tmp_path))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    for package in ("g++", "cmake", "ninja-build", "protobuf-compiler", "libgoogle-glog-dev"):
        assert package in done.stderr
    assert "apt-get install g++ cmake" in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_missing_library_alone_is_named_alone(tmp_path):
    """The compiler's preprocessor is asked; here it is one that lacks LMDB."""
    for name in toolchain.PROGRAMS:
        program(tmp_path / "bin" / name, "exit 0")
    program(tmp_path / "bin" / "c++", "echo liblmdb-dev")
    done = start(tmp_path, "gpu", PATH=f"{tmp_path}/bin")
    assert done.returncode == 2 and "lacks liblmdb-dev; " in done.stderr
    assert done.stderr.strip().endswith("apt-get install liblmdb-dev")


def test_a_compiler_that_does_not_work_is_an_error(tmp_path):
    program(tmp_path / "c++", "echo 'c++: no cc1plus' >&2; exit 1")
    done = start(tmp_path, "cpu", PATH=str(tmp_path))
    assert done.returncode == 2 and "c++: no cc1plus" in done.stderr


@pytest.mark.skipif(not shutil.which("c++"), reason="no compiler here")
def test_the_real_compiler_finds_headers_that_are_there(monkeypatch):
    monkeypatch.setattr(toolchain, "PROGRAMS", {})
    headers = {"there": ("string",), "or": ("no/such.h", "vector"), "gone": ("no/such.h",)}
    monkeypatch.setattr(toolchain, "HEADERS", headers)
    assert toolchain.missing() == ["gone"]


@pytest.fixture
def wanted(tmp_path):
    """A build for the CPU, from a source that is given."""
    (tmp_path / "given" / source.LANDMARK).parent.mkdir(parents=True)
    (tmp_path / "given" / source.LANDMARK).write_text("message NetParameter {}\n")
    return build.Wanted(str(tmp_path / "to"), cuda=False, given=str(tmp_path / "given"))


def test_a_build_that_was_stopped_goes_on_and_one_of_something_else_begins_anew(
    wanted, tmp_path, monkeypatch
):
    monkeypatch.setattr(build.edits, "EDITS", ())
    plan, code = dict(cuda=False, architectures=""), tmp_path / "to" / "source"
    origin = build.prepared(wanted, plan, str(code))
    assert origin == f"the folder {wanted.given}" and (code / source.LANDMARK).is_file()
    (tmp_path / "to" / "build").mkdir()
    (code / "compiled").write_text("")
    assert build.prepared(wanted, plan, str(code)) == origin
    assert (code / "compiled").is_file() and (tmp_path / "to" / "build").is_dir()
    # Code for other GPUs is compiled in the same place.
    assert build.prepared(wanted, dict(plan, architectures="90-real"), str(code)) == origin
    assert build.prepared(wanted._replace(given=""), plan, str(code)) == origin
    assert (code / "compiled").is_file() and (tmp_path / "to" / "build").is_dir()
    assert build.prepared(wanted, dict(plan, cuda=True), str(code)) == origin
    assert not (code / "compiled").exists() and not (tmp_path / "to" / "build").exists()


PLAN = dict(cuda=True, architectures="90-real", python="3.12")


@pytest.mark.parametrize(
    "there, given, serves",
    [
        (PLAN, "", True),
        (dict(PLAN, architectures=toolchain.ALL), "", True),  # for a bundle; has this GPU's too
        (dict(PLAN, architectures="80-real"), "", False),
        (dict(PLAN, python="3.9"), "", False),
        (dict(PLAN, source="the archive /caffe.tar.gz"), "", True),
        (dict(PLAN, source="the archive /caffe.tar.gz"), "/caffe.tar.gz", True),
        (dict(PLAN, source="https://github.com/BVLC/caffe.git"), "/caffe.tar.gz", False),
        ({}, "", False),
    ],
)
def test_what_is_built_serves_where_it_has_all_that_is_asked_for(there, given, serves):
    assert build.serves(there, PLAN, given) is serves


def test_a_build_that_is_there_is_left_as_it_is(wanted, monkeypatch, capsys):
    python = toolchain.Interpreter("3.12", "include", "lib", "link")
    monkeypatch.setattr(toolchain, "check", lambda: None)
    monkeypatch.setattr(toolchain, "interpreter", lambda: python)
    said = dict(build.described(wanted, python), source=f"the folder {wanted.given}")
    os.mkdir(wanted.to)
    with open(os.path.join(wanted.to, build.BUILT), "w") as stream:
        json.dump(said, stream)
    assert build.build(wanted) == said and os.listdir(wanted.to) == [build.BUILT]
    assert "already built" in capsys.readouterr().out


def test_a_wrong_source_is_refused_before_anything_is_compiled(tmp_path):
    """With stand-ins for all programs, so that nothing of the machine counts."""
    for name in (*toolchain.PROGRAMS, "c++"):
        program(tmp_path / "bin" / name, "exit 0")
    (tmp_path / source.TARBALL).write_text("cut short")
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    done = start(tmp_path, "cpu", "--source", tmp_path / source.TARBALL, PATH=path)
    assert done.returncode == 2 and source.SHA256 in done.stderr
    assert not (tmp_path / ".caffe-cpu" / "site").exists()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("echo 9.0; echo 8.0; echo 8.0", "80-real;90-real"),
        ("echo 12.0", "120-real"),
        ("echo 'no driver' >&2; exit 9", ""),
        ("echo '[N/A]'", ""),
    ],
)
def test_the_gpus_of_this_box_are_asked_for(tmp_path, monkeypatch, text, expected):
    program(tmp_path / "nvidia-smi", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert toolchain.architectures() == expected


def test_a_gpu_that_is_too_old_for_cuda_13_stops_a_build_for_it_alone(tmp_path, monkeypatch):
    program(tmp_path / "nvidia-smi", "echo 9.0; echo 7.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    python = toolchain.Interpreter("3.12", "include", "lib", "link")
    with pytest.raises(InputError, match="compute capability 7.0.*7.5.*make caffe-cpu"):
        build.described(build.Wanted("gpu", cuda=True), python)
    assert build.described(build.Wanted("cpu", cuda=False), python)["architectures"] == ""
    to_move = build.Wanted("gpu", cuda=True, every_gpu=True)
    assert build.described(to_move, python)["architectures"] == toolchain.ALL


@pytest.fixture
def code(tmp_path):
    """A source with as many files as it takes, and some that are special."""
    layers = tmp_path / "source/src/caffe/layers"
    layers.mkdir(parents=True)
    (tmp_path / "source/src/caffe/test").mkdir()
    for number in range(30):
        (layers / f"a{number:02}_layer.cpp").write_text("")
    for name in ("layers/lstm_unit_layer.cpp", "layers/lstm_unit_layer.cu", "test/test_a.cpp"):
        (tmp_path / "source/src/caffe" / name).write_text("")
    return tmp_path / "source"


def test_sources_are_merged_but_the_lstm_unit(code, tmp_path):
    listed = sources.write_list(code, str(tmp_path / "merged"), cuda=True)
    names = [os.path.basename(line.strip('" \n')) for line in open(listed)]
    assert names.count("lstm_unit_layer.cpp") == names.count("lstm_unit_layer.cu") == 1
    merged = sorted((tmp_path / "merged").glob("merged_*.cpp"))
    text = "".join(path.read_text() for path in merged)
    assert text.count("#include") == 30 and len(merged) == 3
    assert "lstm" not in text and "test_a" not in text
    assert (
        "lstm_unit_layer.cu"
        not in open(sources.write_list(code, str(tmp_path / "merged"), cuda=False)).read()
    )


def test_what_has_not_changed_is_not_written_again(code, tmp_path):
    first = tmp_path / "merged" / "merged_00.cpp"
    sources.write_list(code, str(tmp_path / "merged"), cuda=False)
    os.utime(first, (1, 1))
    sources.write_list(code, str(tmp_path / "merged"), cuda=False)
    assert first.stat().st_mtime == 1


def test_a_compiler_that_fails_is_quoted(code, tmp_path, monkeypatch):
    program(tmp_path / "bin/cmake", "exit 0")
    program(tmp_path / "bin/ninja", "echo 'layer.cpp:7: error: no such type'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    wanted = build.Wanted(to=str(tmp_path), cuda=False)
    python = toolchain.Interpreter("3.9", "include", "lib", "libpython3.9.so")
    with pytest.raises(InputError) as refusal:
        build.compile_all(wanted, dict(cuda=False, architectures=""), python, sys.executable)
    assert "layer.cpp:7: error: no such type" in str(refusal.value)
    assert f"{tmp_path}/build/log" in str(refusal.value)


def test_a_file_is_no_place_for_a_bundle(tmp_path):
    (tmp_path / "thesis.tex").write_text("all of it")
    done = start(tmp_path, "cpu", "--bundle", "thesis.tex")
    assert done.returncode == 2 and "BUNDLE=thesis.tex" in done.stderr
    assert (tmp_path / "thesis.tex").read_text() == "all of it"


def script(tmp_path, *arguments, **environment):
    """Run tools/build_caffe.sh, with the programs in tmp_path first on the path."""
    path = f"{tmp_path}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", os.path.join(ROOT, "tools/build_caffe.sh"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "PYENV_ROOT": str(tmp_path), "PYTHON": "", **environment},
    )


def test_the_script_takes_the_first_python_that_can_build(tmp_path):
    program(tmp_path / "python3", "exit 1")
    program(tmp_path / "python3.12", 'test "$1" = -c || echo "python3.12 $*"')
    program(tmp_path / "mine", 'test "$1" = -c || echo "mine $*"')
    done = script(tmp_path, "gpu", "--cudnn")
    assert done.stdout == "python3.12 -m tools.build_caffe gpu --cudnn\n", done.stderr
    done = script(tmp_path, "cpu", PYTHON=str(tmp_path / "mine"))
    assert done.stdout == "mine -m tools.build_caffe cpu\n", done.stderr
    done = script(tmp_path, "cpu", PYTHON="/no/such/python")
    assert done.returncode == 2 and "PYTHON=/no/such/python does not start" in done.stderr


def test_caffe_is_compiled_for_the_packages_that_its_environment_gets():
    with open(os.path.join(ROOT, "requirements.txt"), encoding="utf-8") as stream:
        lines = [line.split("#")[0].strip() for line in stream]
    limited = [one for one in toolchain.PYTHON if ";" in one]
    assert len(limited) == 4 and set(limited) <= set(lines)


def test_a_python_without_any_package_builds():
    """-S leaves out the installed ones."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tools.build_caffe", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "{gpu,cpu}" in done.stdout, done.stderr


def test_the_command_is_known_by_its_name(command):
    """`command` starts it as all others; without a device it says that it lacks one."""
    done = command("tools.build_caffe")
    assert done.returncode == 2 and "required: device" in done.stderr
    assert "{gpu,cpu}" in command("tools.build_caffe", "--help").stdout
