"""What Caffe is built with: programs and libraries of the system, packages of PyPI."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from typing import NamedTuple

from allinone.errors import InputError

INSTALL = "apt-get install"  # elsewhere the names differ a little
PROGRAMS = {"cmake": "cmake", "ninja": "ninja-build", "protoc": "protobuf-compiler"}
# Headers, any of which will do, and Debian's package that has them.
HEADERS = {
    "libprotobuf-dev": ("google/protobuf/message.h",),
    "libgoogle-glog-dev": ("glog/logging.h",),
    "libgflags-dev": ("gflags/gflags.h",),
    "liblmdb-dev": ("lmdb.h",),
    "libhdf5-dev": ("hdf5/serial/hdf5_hl.h", "hdf5_hl.h"),
    "libopenblas-dev": ("cblas.h", "openblas/cblas.h"),
}
BOOST = ("cmeel-boost==1.89.0",)
CUDA = (
    "nvidia-cuda-nvcc==13.0.*",
    "nvidia-cuda-crt==13.0.*",
    "nvidia-nvvm==13.0.*",
    "nvidia-cuda-runtime==13.0.*",
    "nvidia-cuda-cccl==13.0.*",
    "nvidia-cublas==13.0.*",
    "nvidia-curand==10.4.0.*",  # of CUDA 13.0
    "nvidia-nccl-cu13==2.*",
)
CUDNN = ("nvidia-cudnn-cu13==9.*",)
# What Caffe's Python module is compiled for, and what it imports; as in requirements.txt.
PYTHON = (
    'numpy>=1.20,<2; python_version < "3.13"',
    'numpy>=2.1; python_version >= "3.13"',
    'protobuf==3.20.3; python_version < "3.13"',
    'protobuf>=6.31; python_version >= "3.13"',
    "scikit-image>=0.18",
    "scipy",
    "six",
)
# GPUs since 2020, and PTX of the oldest that CUDA 13 knows: a driver compiles it for any other.
OLDEST = 7.5  # compute capability
ALL = "75-virtual;80-real;86-real;89-real;90-real;120-real"


class Interpreter(NamedTuple):
    """The Python that Caffe is built for, in the words of CMakeLists.txt."""

    version: str  # such as 3.12
    include: str  # folder of Python.h
    libdir: str  # folder of libpython
    link: str  # what the command is linked with


def interpreter():
    """Return the Python that runs this; InputError without its headers or its library."""
    version = "{}.{}".format(*sys.version_info[:2])
    include = sysconfig.get_paths()["include"]
    folder = sysconfig.get_config_var("LIBDIR")
    shared = os.path.join(folder, f"libpython{version}.so")
    mend = f"install python{version}-dev, or give another Python with PYTHON="
    if not os.path.isfile(os.path.join(include, "Python.h")):
        raise InputError(f"{sys.executable}: its header Python.h is not in {include}; {mend}")
    if os.path.isfile(shared):
        return Interpreter(version, include, folder, shared)
    static = os.path.join(sysconfig.get_config_var("LIBPL"), f"libpython{version}.a")
    if not os.path.isfile(static):
        raise InputError(f"{sys.executable}: neither {shared} nor {static} is there; {mend}")
    # Modules such as numpy's look for Python's functions in the program itself.
    whole = f"-Wl,--export-dynamic;-Wl,--whole-archive;{static};-Wl,--no-whole-archive;-no-pie"
    system = sysconfig.get_config_vars("LIBS", "SYSLIBS")
    return Interpreter(version, include, folder, ";".join([whole, *" ".join(system).split()]))


def missing():
    """Return the Debian packages whose programs or headers are not here."""
    packages = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        return ["g++", *packages, *HEADERS]
    questions = []
    for package, headers in HEADERS.items():
        there = " || ".join(f"__has_include(<{header}>)" for header in headers)
        questions += [f"#if !({there})", package, "#endif"]
    asking = [compiler, "-E", "-P", "-x", "c++", "-"]
    done = subprocess.run(asking, input="\n".join(questions), capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{compiler}: does not work ({done.stderr.strip()}); {INSTALL} g++")
    return packages + done.stdout.split()


def check():
    """Raise InputError that names all that is missing and the line that installs it."""
    packages = missing()
    if packages:
        raise InputError(
            f"to build Caffe, this machine lacks {', '.join(packages)}; install it first: "
            f"{INSTALL} {' '.join(packages)}"
        )


def architectures():
    """Return the GPU architectures of this box in CMake's words; "" where it has no GPU.

    InputError where a GPU is older than CUDA 13 knows.
    """
    asking = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        done = subprocess.run(asking, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    found = re.findall(r"^\d+\.\d+$", done.stdout, re.MULTILINE) if done.returncode == 0 else []
    too_old = [capability for capability in found if float(capability) < OLDEST]
    if too_old:
        raise InputError(
            f"a GPU here has compute capability {too_old[0]}, and CUDA 13 compiles for {OLDEST} "
            "and newer alone; for the CPU there is make caffe-cpu"
        )
    return ";".join(sorted({f"{capability.replace('.', '')}-real" for capability in found}))


def environment(folder):
    """Make a Python environment of what the module is compiled for; return its Python."""
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        call([sys.executable, "-m", "venv", folder], "cannot make an environment")
    install(python, PYTHON)
    return python


def install(python, packages, *options):
    """Install packages of PyPI; InputError, with pip's last words, where it fails."""
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *options]
    call([*pip, *packages], "pip could not install the toolchain; is the network there?")


def call(words, why):
    """Run a program; InputError, with its last words, where it fails."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        told = (done.stderr + done.stdout).strip().splitlines() or ["no output"]
        raise InputError(f"{why} Its last words: {told[-1]}")
    return done.stdout


def fetch(python, folder, cuda, cudnn):
    """Install Boost, and CUDA's compiler and libraries where asked for, into a folder."""
    packages = (*BOOST, *(CUDA if cuda else ()), *(CUDNN if cudnn else ()))
    note = os.path.join(folder, "packages")  # there when all are
    if os.path.isfile(note):
        return  # installed again, headers would be newer than what was compiled with them
    install(python, packages, "--no-deps", "--upgrade", "--target", folder)
    if cuda:
        root = os.path.join(folder, "nvidia", "cu13")
        # CMake's test of the compiler looks for these two names.
        link("lib", os.path.join(root, "lib64"))
        link("libcudart.so.13", os.path.join(root, "lib", "libcudart.so"))
    with open(note, "w", encoding="utf-8") as stream:
        stream.writelines(f"{package}\n" for package in packages)


def link(target, path):
    """Make a symbolic link unless it is there."""
    if not os.path.lexists(path):
        os.symlink(target, path)
