"""A build that can be moved: Caffe with the libraries it needs, but CUDA's own and the system's."""

import os
import re
import shutil

from allinone.errors import InputError
from tools.caffe_build import build, toolchain

# What is large and comes with CUDA 13, or belongs to the system or to Python.
LEFT_OUT = re.compile(
    r"lib(cudart|cublas|cublasLt|curand|nccl|cudnn\w*|python[\d.]+|c|m|dl|rt|pthread|util|resolv"
    r"|stdc\+\+|gcc_s)\.so|ld-linux|linux-vdso"
)


def needed(path):
    """Return {name: path} of the libraries that a program or library is loaded with."""
    lines = toolchain.call(["ldd", path], f"{path}: cannot be read.").splitlines()
    found = {}
    for line in lines:
        name, arrow, place = line.strip().partition(" => ")
        if LEFT_OUT.match(name):
            continue
        if "not found" in place:
            raise InputError(f"{path}: its library {name} is not found here")
        if arrow:
            found[name] = place.rpartition(" (")[0]
    return found


def check_place(folder):
    """Raise InputError where a folder has something else than an earlier bundle."""
    if os.path.exists(folder) and not (os.path.isdir(folder) and is_ours(os.listdir(folder))):
        raise InputError(f"BUNDLE={folder}: has other things in it; give another folder")


def is_ours(names):
    """Tell whether names in a folder are those of a bundle, or none."""
    return not names or sorted(names) == [build.BUILT, "site"]


def gather(built, folder):
    """Write the build in folder `built` and its libraries into `folder`; print its size."""
    site = os.path.join(built, "site")
    libraries = {}
    for name in ("caffe/_caffe.so", "bin/caffe"):
        libraries.update(needed(os.path.join(site, name)))
    partial = f"{folder.rstrip('/')}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(site, os.path.join(partial, "site"))
    package = os.path.join(partial, "site", "caffe")
    for name, place in sorted(libraries.items()):
        if not os.path.exists(os.path.join(package, name)):
            shutil.copy(place, os.path.join(package, name))
    shutil.copy(os.path.join(built, build.BUILT), partial)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(partial, folder)
    print(f"{folder}: {size(folder) / 1e6:.0f} MB, to be put in another checkout as {built}")


def size(folder):
    """Return the bytes in a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        total += sum(os.path.getsize(os.path.join(place, name)) for name in names)
    return total
