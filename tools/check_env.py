"""Diagnose the machine: Python, Caffe, GPU, packages, disk, memory; every problem with its mend.

    python -m tools.check_env

Ends with code 2 where a problem stops work.
"""

import glob
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys

from allinone import arguments, closure, device
from allinone.errors import command
from tools.caffe_build import build

OLDEST = (3, 9)  # Python: what the kit and its packages need
# Layers that the nets and the `caffe` binary need beyond the common ones.
LAYERS = ("Python", "Data", "HDF5Data", "PReLU")
REQUIREMENTS = os.path.join(closure.ROOT, "requirements.txt")
OPENCV = "opencv"  # has a check of its own
WITH_GPU = {"onnxruntime": "onnxruntime-gpu"}  # {package: one that takes its place}
DISK, MEMORY = 2.0, 2.0  # GiB that `make demo` is comfortable with
ANEW = "make distclean, then make setup"
CUDA = "make caffe-gpu builds one with CUDA; one of your own comes in with PYTHON=its/python"
WITH_XIMGPROC = "pip install 'opencv-contrib-python-headless<5'"


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
    if sys.version_info >= OLDEST:
        report.good("Python", f"{version}, {sys.executable}")
    else:
        report.bad("Python", f"{version} is too old", f"{ANEW} PYTHON=/path/to/python3.9")


def is_placeholder():
    """Tell whether what is called caffe is no Caffe, as PyPI's package of that name."""
    found = importlib.util.find_spec("caffe")
    places = list(found.submodule_search_locations or ()) if found else []
    return found is not None and not any(glob.glob(f"{place}/_caffe*") for place in places)


def check_caffe(report):
    """Report the Caffe build and its layers; return whether it can be used."""
    if is_placeholder():
        origin = importlib.util.find_spec("caffe").origin
        what = f"{origin} is not Caffe; PyPI's package `caffe` is an unrelated placeholder"
        report.bad("Caffe", what, f"pip uninstall caffe; {ANEW}; {CUDA}")
        return False
    try:
        from allinone.pycaffe import caffe  # here, since it may be missing
    except Exception as error:  # a broken build can fail in many ways
        report.bad("Caffe", str(error), f"{ANEW}; {CUDA}")
        return False
    report.good("Caffe", f"{caffe.__version__}, {os.path.dirname(caffe.__file__)}")
    check_build(report, caffe)
    missing = [layer for layer in LAYERS if layer not in set(caffe.layer_type_list())]
    if missing:
        report.bad(
            "layers",
            f"this build lacks {', '.join(missing)}",
            f"build Caffe with WITH_PYTHON_LAYER=1, USE_LMDB=1 and HDF5, or use the wheel: {ANEW}",
        )
    else:
        report.good("layers", ", ".join(LAYERS))
    return True


def check_build(report, caffe):
    """Report what is known of how Caffe was built: by the kit or not, for which GPUs, NCCL."""
    said = build.about(os.path.dirname(caffe.__file__))
    if said:
        of = "make caffe-gpu" if said["cuda"] else "make caffe-cpu"
        report.good("built by", f"{of}, from {said['source']}")
        report.good("GPU code", gpu_code(said))
    else:
        report.good("GPU code", "not told: this Caffe was not built by make caffe-gpu")
    nccl = getattr(caffe, "has_nccl", bool)()
    report.good("NCCL", "built in: several GPUs" if nccl else "not built in: one GPU at most")


def gpu_code(said):
    """Return in words for which GPUs a build has code, and who convolves."""
    if not said["cuda"]:
        return "none: for the CPU alone"
    names = []
    for entry in said["architectures"].split(";"):
        number, _, kind = entry.partition("-")
        names.append(f"PTX {number} for any other" if kind == "virtual" else f"sm_{number}")
    return f"{', '.join(sorted(names, reverse=True))}; {'cuDNN 9' if said['cudnn'] else 'no cuDNN'}"


def check_gpu(report, gpus):
    """Try a forward pass on the GPUs asked for; without any, try GPU 0 and say what is used."""
    other = "make caffe-gpu, or PYTHON= a Python with a CUDA build of Caffe"
    for number in device.parse_gpus(gpus) or [0]:
        reason = device.probe_gpu(number)
        if reason is None:
            report.good("GPU", f"a forward pass on GPU {number} works; choose it with GPU={number}")
        elif gpus:
            mend = f"leave GPU= out to use the CPU, or give {other}"
            report.bad("GPU", f"GPU {number}: {reason}", mend)
        else:
            found = f"none usable, the CPU is used ({reason})"
            report.bad("GPU", found, f"to use one: {other}", stops=False)


def check_opencv(report):
    """Report OpenCV and its contributed modules."""
    try:
        import cv2  # here, since it may be missing
    except ImportError as error:
        report.bad("OpenCV", f"cannot be imported ({error})", ANEW)
        return
    if not hasattr(cv2, "ximgproc"):
        found = f"{cv2.__version__} has no ximgproc, which has selective search"
        report.bad("OpenCV", found, f"pip uninstall every opencv package, then {WITH_XIMGPROC}")
    elif int(cv2.__version__.split(".")[0]) >= 5:
        report.bad("OpenCV", f"{cv2.__version__} cannot read Caffe nets", WITH_XIMGPROC)
    else:
        report.good("OpenCV", f"{cv2.__version__} with ximgproc")
    installed = [one.metadata["Name"] or "" for one in importlib.metadata.distributions()]
    wheels = sorted({name for name in installed if name.startswith(OPENCV)})
    if len(wheels) > 1:
        found = f"several wheels overwrite each other: {', '.join(wheels)}"
        report.bad("OpenCV", found, f"pip uninstall all of them, then {WITH_XIMGPROC}")


def required_packages():
    """Return the names of the packages in requirements.txt but OpenCV's."""
    with open(REQUIREMENTS, encoding="utf-8") as lines:
        named = [re.match(r"[\w.-]+", line) for line in lines]
    names = dict.fromkeys(found.group() for found in named if found)
    return [name for name in names if not name.startswith(OPENCV)]


def check_packages(report):
    """Report the versions of the packages that the kit needs."""
    for package in required_packages():
        version = version_of(package) or version_of(WITH_GPU.get(package, package))
        if version:
            report.good(package, version)
        else:
            report.bad(package, "missing", ANEW)


def version_of(package):
    """Return the version of an installed package, None where it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


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
        available = next(line for line in lines if line.startswith("MemAvailable"))
    memory = int(available.split()[1]) / 2**20
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
    """Check everything and count the problems."""
    parser = arguments.Parser(description=__doc__.splitlines()[0])
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
