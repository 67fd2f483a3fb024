"""A build that can be moved, with a stand-in for the program that lists libraries."""

import json
import os
import tarfile

import pytest
from programs import program

from allinone.errors import InputError
from tools.caffe_build import build, bundle


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


def test_a_library_that_is_not_found_is_named(built, tmp_path, monkeypatch):
    lists(tmp_path, monkeypatch, more='echo "libflags.so.2 => not found"')
    with pytest.raises(InputError, match=r"libflags\.so\.2 is not found"):
        bundle.gather(str(built), str(tmp_path / "moved"))
    assert not (tmp_path / "moved").exists()
