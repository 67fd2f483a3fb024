"""Diagnose the machine: Python, Caffe, GPU, packages, disk, memory; every problem with its mend. Code 2 where one stops work.

python -m tools.check_env
"""

import argparse
import importlib.metadata
import os
import shutil
import sys

from allinone.errors import command

LAYERS = (
    "Python",
    "Data",
    "HDF5Data",
    "PReLU",
)  # that the nets and the `caffe` binary need beyond the common ones
PACKAGES = (
    "numpy",
    "protobuf",
    "h5py",
    "lmdb",
    "scikit-image",
    "scikit-learn",
    "matplotlib",
    "pytest",
)
DISK, MEMORY = 2.0, 2.0  # GiB that `make demo` is comfortable with


class Report:
    """Lines of what was found; `stops` counts the problems that stop work."""

    def __init__(self):
        self.stops = 0

    def good(self, what, found):
        """Print a finding that is as it should be."""
        print(f"  ok       {what:<12} {found}")

    def bad(self, what, found, mend, stops=True):
        """Print a problem and its mend."""
        self.stops += stops
        print(f"  {'PROBLEM' if stops else 'note':<8} {what:<12} {found}\n{'':24}mend: {mend}")


def check_python(report):
    """Report the interpreter."""
    version = sys.version.split()[0]
    if sys.version_info >= (3, 8):
        report.good("Python", f"{version}, {sys.executable}")
    else:
        report.bad(
            "Python",
            f"{version} is too old",
            "make distclean, then make setup PYTHON=/path/to/python3.9",
        )


def check_caffe(report):
    """Report the Caffe build and its layers; return whether it can be used."""
    mend = "make distclean, then make setup; a CUDA build of your own comes in with PYTHON=/path/to/its/python"
    try:
        import caffe  # here, since it may be missing
    except Exception as error:  # a broken build can fail in many ways
        report.bad("Caffe", f"cannot be imported ({error})", mend)
        return False
    if not hasattr(caffe, "layer_type_list"):
        report.bad(
            "Caffe",
            f"{caffe.__file__} is not Caffe; PyPI's package `caffe` is an unrelated placeholder",
            f"pip uninstall caffe; {mend}",
        )
        return False
    report.good("Caffe", f"{caffe.__version__}, {os.path.dirname(caffe.__file__)}")
    there = set(caffe.layer_type_list())
    missing = [layer for layer in LAYERS if layer not in there]
    if missing:
        report.bad(
            "layers",
            f"this build lacks {', '.join(missing)}",
            "build Caffe with WITH_PYTHON_LAYER=1, USE_LMDB=1 and HDF5, or use the wheel: make distclean, make setup",
        )
    else:
        report.good("layers", ", ".join(LAYERS))
    return True


def check_gpu(report, gpus):
    """Try a forward pass on the GPUs asked for; without any, try GPU 0 and say what is used."""
    from allinone import device  # here, since it imports Caffe

    for number in device.parse_gpus(gpus) or [0]:
        reason = device.probe_gpu(number)
        if reason is None:
            report.good("GPU", f"a forward pass on GPU {number} works; choose it with GPU={number}")
        elif gpus:
            report.bad(
                "GPU",
                f"GPU {number}: {reason}",
                "leave GPU= out to use the CPU, or give PYTHON= a Python with a CUDA build of Caffe",
            )
        else:
            report.bad(
                "GPU",
                f"none usable, the CPU is used ({reason})",
                "to use one: PYTHON= a Python with a CUDA build of Caffe",
                stops=False,
            )


def check_opencv(report):
    """Report OpenCV and its contributed modules."""
    try:
        import cv2  # here, since it may be missing
    except ImportError as error:
        report.bad("OpenCV", f"cannot be imported ({error})", "make distclean, then make setup")
        return
    if not hasattr(cv2, "ximgproc"):
        report.bad(
            "OpenCV",
            f"{cv2.__version__} has no ximgproc, which has selective search",
            "pip uninstall every opencv package, then pip install 'opencv-contrib-python-headless<5'",
        )
    elif int(cv2.__version__.split(".")[0]) >= 5:
        report.bad(
            "OpenCV",
            f"{cv2.__version__} cannot read Caffe nets",
            "pip install 'opencv-contrib-python-headless<5'",
        )
    else:
        report.good("OpenCV", f"{cv2.__version__} with ximgproc")
    wheels = [
        d.metadata["Name"]
        for d in importlib.metadata.distributions()
        if (d.metadata["Name"] or "").startswith("opencv")
    ]
    if len(set(wheels)) > 1:
        report.bad(
            "OpenCV",
            f"several wheels overwrite each other: {', '.join(sorted(set(wheels)))}",
            "pip uninstall all of them, then pip install 'opencv-contrib-python-headless<5'",
        )


def check_packages(report):
    """Report the versions of the other packages."""
    for package in PACKAGES:
        try:
            report.good(package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            report.bad(package, "missing", "make distclean, then make setup")


def check_room(report):
    """Report free disk and memory."""
    disk = shutil.disk_usage(".").free / 2**30
    if disk < DISK:
        report.bad(
            "disk",
            f"{disk:.1f} GiB free here",
            f"free some: make demo takes up to {DISK:.0f} GiB; make clean removes old results",
        )
    else:
        report.good("disk", f"{disk:.1f} GiB free")
    with open("/proc/meminfo", encoding="ascii") as lines:
        memory = (
            next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 2**20
        )
    if memory < MEMORY:
        report.bad(
            "memory",
            f"{memory:.1f} GiB available",
            f"close other programs: training wants {MEMORY:.0f} GiB",
        )
    else:
        report.good("memory", f"{memory:.1f} GiB available, {os.cpu_count()} cores")


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gpu", default="", help="GPUs that must work, such as 0,1")
    args = parser.parse_args(argv)
    report = Report()
    check_python(report)
    if check_caffe(report):
        check_gpu(report, args.gpu)
    check_opencv(report)
    check_packages(report)
    check_room(report)
    print(f"{report.stops} problem(s)" if report.stops else "everything is in place")
    return 2 if report.stops else 0


if __name__ == "__main__":
    sys.exit(main())
