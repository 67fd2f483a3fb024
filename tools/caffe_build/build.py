"""The build itself: what is wanted, compiling, and putting it where later targets look for it."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

from allinone import files
from allinone.errors import InputError
from tools.caffe_build import cudnn, edits, source, sources, toolchain

HERE = os.path.dirname(os.path.abspath(__file__))
BUILT = "built.json"  # what was built; it is there when the build is whole
PREPARED = "source.json"  # the same, for what compiling starts from
# A change of these is a reason to build anew.
SHAPING = ("CMakeLists.txt", "cudnn.py", "edits.py", "sources.py", "toolchain.py")
LEFT_OUT = ("_caffe.cpp", "test", "imagenet")  # of Caffe's Python package


class Wanted(NamedTuple):
    """What is to be built, into folder `to`."""

    to: str
    cuda: bool
    cudnn: bool = False
    given: str = ""  # source: folder, archive, or "" to fetch it
    every_gpu: bool = False  # for other boxes too, not for the GPUs of this one alone


def described(wanted, python):
    """Return what built.json says of a build, but for what only its end tells."""
    own = toolchain.architectures() if wanted.cuda and not wanted.every_gpu else ""
    return dict(
        cuda=wanted.cuda,
        architectures=(own or toolchain.ALL) if wanted.cuda else "",
        cudnn=wanted.cudnn,
        python=python.version,
        interpreter=sys.executable,
        scripts=digest_of_scripts(),
    )


def digest_of_scripts():
    """Return a digest of what shapes the build."""
    total = hashlib.sha256()
    for name in SHAPING:
        with open(os.path.join(HERE, name), "rb") as stream:
            total.update(stream.read())
    return total.hexdigest()


def read(folder, name=BUILT):
    """Return what a file of a build in a folder says; {} where it is not there, or not whole."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            return json.load(stream)
    except (FileNotFoundError, ValueError):
        return {}


def about(package):
    """Return what built.json says of the build that a folder `caffe` is in; {} of others."""
    return read(os.path.dirname(os.path.dirname(package)))


def serves(there, plan, given):
    """Tell whether what is there, as built.json says it, is what is planned or more.

    Code for more GPUs does no harm, and any source does where none is given.
    """
    if given and there.get("source") != source.named(given):
        return False
    code = set(there.get("architectures", "").split(";"))
    if not code.issuperset(plan["architectures"].split(";")):
        return False
    return all(there.get(name) == plan[name] for name in plan if name != "architectures")


def build(wanted):
    """Build Caffe unless it is there already; return what built.json says."""
    toolchain.check()
    python = toolchain.interpreter()
    plan = described(wanted, python)
    there = read(wanted.to)
    if serves(there, plan, wanted.given):
        print(f"{wanted.to}: already built")
        return there
    start = time.monotonic()
    print(f"building Caffe {'with CUDA' if wanted.cuda else 'for the CPU'} for {sys.executable}")
    code = os.path.join(wanted.to, "source")
    origin = prepared(wanted, plan, code)
    print("  installing the toolchain from PyPI", flush=True)
    builder = toolchain.environment(os.path.join(wanted.to, "python"))
    tools = os.path.join(wanted.to, "toolchain")
    toolchain.fetch(builder, tools, wanted.cuda, wanted.cudnn)
    compile_all(wanted, plan, python, builder)
    install(wanted.to, code)
    said = try_out(wanted.to, builder)
    minutes = round((time.monotonic() - start) / 60, 1)
    found = dict(plan, source=origin, minutes=minutes, **said)
    files.write_json(os.path.join(wanted.to, BUILT), found)
    print(f"built in {minutes} minutes: {wanted.to}")
    return found


def prepared(wanted, plan, code):
    """Fetch and change the source; return in words where it is from.

    What a build has left goes on: one that was stopped, or one for other GPUs.
    """
    was = read(wanted.to, PREPARED)
    if serves(dict(was, architectures=plan["architectures"]), plan, wanted.given):
        print("  going on with the source and the toolchain that are there")
        return was["source"]
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(wanted.to, PREPARED))
    for name in ("build", "toolchain"):
        shutil.rmtree(os.path.join(wanted.to, name), ignore_errors=True)
    os.makedirs(wanted.to, exist_ok=True)
    origin = source.fetch(wanted.given, code)
    edits.apply(edits.EDITS + (cudnn.EDITS if wanted.cudnn else ()), code)
    print(f"  source: {origin}", flush=True)
    files.write_json(os.path.join(wanted.to, PREPARED), dict(plan, source=origin))
    return origin


def compile_all(wanted, plan, python, builder):
    """Run CMake and Ninja; their output goes to build/log."""
    root = os.path.abspath(wanted.to)
    made, tools = os.path.join(root, "build"), os.path.join(root, "toolchain")
    lists = sources.write_list(
        os.path.join(root, "source"), os.path.join(made, "merged"), plan["cuda"]
    )
    cuda = os.path.join(tools, "nvidia", "cu13") if wanted.cuda else ""
    numpy = toolchain.call([builder, "-c", "import numpy; print(numpy.get_include())"], "numpy:")
    settings = dict(
        CAFFE=os.path.join(root, "source"),
        SOURCES=lists,
        BOOST=os.path.join(tools, "cmeel.prefix"),
        CUDA=cuda,
        NCCL=os.path.join(tools, "nvidia", "nccl"),
        CUDNN=os.path.join(tools, "nvidia", "cudnn") if wanted.cudnn else "",
        CMAKE_CUDA_ARCHITECTURES=plan["architectures"],
        PY_TAG=python.version.replace(".", ""),
        PY_INCLUDE=python.include,
        PY_LIBDIR=python.libdir,
        PY_LINK=python.link,
        NUMPY_INCLUDE=numpy.strip(),
    )
    given = [f"-D{name}={value}" for name, value in settings.items()]
    print("  compiling; this takes its time", flush=True)
    log = os.path.join(made, "log")
    with open(log, "w", encoding="utf-8") as stream:
        for words in (
            ["cmake", "-G", "Ninja", "-S", HERE, "-B", made, *given],
            ["ninja", "-C", made],
        ):
            if subprocess.run(words, stdout=stream, stderr=stream).returncode:
                raise InputError(f"{words[0]} failed; {log} says why{last_error(log)}")


def last_error(log):
    """Return the first line of a log that tells of an error, as the end of a sentence."""
    with open(log, encoding="utf-8", errors="replace") as stream:
        told = [line.strip() for line in stream if "error" in line.lower()]
    return f": {told[0]}" if told else ""


def install(to, code):
    """Put Caffe's Python package, its libraries and its command into to/site, in one step."""
    made, site, partial = (os.path.join(to, name) for name in ("build", "site", "site.partial"))
    shutil.rmtree(partial, ignore_errors=True)
    package = os.path.join(partial, "caffe")
    ignored = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(os.path.join(code, "python", "caffe"), package, ignore=ignored)
    for library in ("_caffe.so", "libcaffe.so"):
        shutil.copy(os.path.join(made, library), package)
    shutil.copy(os.path.join(code, "LICENSE"), package)
    proto = os.path.join(package, "proto")
    os.makedirs(proto, exist_ok=True)
    shutil.copy(os.path.join(made, "include", "caffe", "proto", "caffe_pb2.py"), proto)
    with open(os.path.join(proto, "__init__.py"), "w", encoding="utf-8"):
        pass
    os.makedirs(os.path.join(partial, "bin"))
    shutil.copy(os.path.join(made, "bin", "caffe"), os.path.join(partial, "bin"))
    shutil.rmtree(site, ignore_errors=True)
    os.rename(partial, site)


ASK = """
import json, caffe
print(json.dumps(dict(version=caffe.__version__, nccl=caffe.has_nccl(),
                      layers=len(caffe.layer_type_list()))))
"""


def try_out(to, builder):
    """Import what was built; return its version, whether it has NCCL, how many types of layers."""
    site = os.path.abspath(os.path.join(to, "site"))
    words = ["env", f"PYTHONPATH={site}", "GLOG_minloglevel=2", builder, "-c", ASK]
    return json.loads(toolchain.call(words, f"{to}: what was built cannot be imported."))
