"""A build that can be moved: Caffe with the libraries it needs, but CUDA's own and the system's."""

import os
import re
import shutil
import tarfile

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
    """Raise InputError where the place of a bundle is no folder."""
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise InputError(f"BUNDLE={folder}: is a file; give a folder")


def gather(built, folder):
    """Pack the build in folder `built` and its libraries into an archive in `folder`.

    The archive, named as the build, is to be unpacked in the root of another checkout.
    """
    site, heap = os.path.join(built, "site"), os.path.join(built, "bundle")
    libraries = {}
    for name in ("caffe/_caffe.so", "bin/caffe"):
        libraries.update(needed(os.path.join(site, name)))
    shutil.rmtree(heap, ignore_errors=True)
    shutil.copytree(site, os.path.join(heap, "site"))
    package = os.path.join(heap, "site", "caffe")
    for name, place in sorted(libraries.items()):
        if not os.path.exists(os.path.join(package, name)):
            shutil.copy(place, os.path.join(package, name))
    shutil.copy(os.path.join(built, build.BUILT), heap)
    os.makedirs(folder, exist_ok=True)
    root = os.path.basename(built)  # such as .caffe-gpu
    archive = os.path.join(folder, f"{root.lstrip('.')}.tar.gz")
    with tarfile.open(f"{archive}.partial", "w:gz") as stream:
        stream.add(heap, root)
    os.replace(f"{archive}.partial", archive)
    shutil.rmtree(heap)
    megabytes = os.path.getsize(archive) / 1e6
    print(f"{archive}: {megabytes:.0f} MB, to be unpacked in the root of another checkout")
