"""Building Caffe, on stand-in programs: what is missing is named, what fails says why."""

import json
import os
import shutil
import subprocess
import sys
import tarfile

import pytest
from conftest import ROOT

from allinone.errors import InputError
from tools.caffe_build import build, bundle, source, sources, toolchain


def program(path, text):
    """Write a shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


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


@pytest.fixture
def built(tmp_path):
    """A folder that looks like a whole build."""
    folder = tmp_path / ".caffe-cpu"
    for name in ("site/caffe/_caffe.so", "site/caffe/libcaffe.so", "site/bin/caffe"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / build.BUILT).write_text(json.dumps({"python": "3.9"}))
    (tmp_path / "libglog.so.1").write_text("glog")
    (tmp_path / "libcudart.so.13").write_text("cuda")
    return folder


def lists(tmp_path, monkeypatch, more=""):
    """Put a stand-in for ldd first on the path."""
    program(
        tmp_path / "bin/ldd",
        f"""echo "linux-vdso.so.1 (0x1)"
echo "libcaffe.so => {tmp_path}/.caffe-cpu/site/caffe/libcaffe.so (0x1)"
echo "libglog.so.1 => {tmp_path}/libglog.so.1 (0x1)"
echo "libcudart.so.13 => {tmp_path}/libcudart.so.13 (0x1)"
echo "libc.so.6 => /lib/libc.so.6 (0x1)"
{more}""",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


def test_a_bundle_has_what_it_needs_but_cudas_and_the_systems(built, tmp_path, monkeypatch):
    lists(tmp_path, monkeypatch)
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved/thesis.tex").write_text("all of it")
    for _ in range(2):  # an earlier bundle is replaced, nothing else is touched
        bundle.gather(str(built), str(tmp_path / "moved"))
    assert sorted(os.listdir(tmp_path / "moved")) == ["caffe-cpu.tar.gz", "thesis.tex"]
    with tarfile.open(tmp_path / "moved/caffe-cpu.tar.gz") as stream:
        found = {one.name for one in stream if one.isfile()}
    assert found == {
        ".caffe-cpu/built.json",
        ".caffe-cpu/site/bin/caffe",
        ".caffe-cpu/site/caffe/_caffe.so",
        ".caffe-cpu/site/caffe/libcaffe.so",
        ".caffe-cpu/site/caffe/libglog.so.1",
    }
    assert not (built / "bundle").exists()


def test_a_file_is_no_place_for_a_bundle(tmp_path):
    (tmp_path / "thesis.tex").write_text("all of it")
    done = start(tmp_path, "cpu", "--bundle", "thesis.tex")
    assert done.returncode == 2 and "BUNDLE=thesis.tex" in done.stderr
    assert (tmp_path / "thesis.tex").read_text() == "all of it"


def test_a_library_that_is_not_found_is_named(built, tmp_path, monkeypatch):
    lists(tmp_path, monkeypatch, more='echo "libflags.so.2 => not found"')
    with pytest.raises(InputError, match=r"libflags\.so\.2 is not found"):
        bundle.gather(str(built), str(tmp_path / "moved"))
    assert not (tmp_path / "moved").exists()


def test_the_command_is_known_by_its_name(command):
    """`command` starts it as all others; without a device it says that it lacks one."""
    done = command("tools.build_caffe")
    assert done.returncode == 2 and "required: device" in done.stderr
    assert "{gpu,cpu}" in command("tools.build_caffe", "--help").stdout
