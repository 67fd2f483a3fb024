"""CPU or GPU: the choice is stated, tried out, and never changed in silence."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading

from allinone.closure import ROOT
from allinone.errors import InputError

# A CPU-only Caffe accepts set_mode_gpu() and aborts later: only a real forward pass in another
# process tells.
PROBE = """
import sys, tempfile, numpy
from allinone.pycaffe import caffe
NET = '''
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "y" type: "Convolution" bottom: "x" top: "y" convolution_param {
    num_output: 2 kernel_size: 3 weight_filler { type: "constant" value: 1 } } }
'''
caffe.set_device(int(sys.argv[1]))
caffe.set_mode_gpu()
with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as stream:
    stream.write(NET)
    stream.flush()
    net = caffe.Net(stream.name, caffe.TEST)
net.blobs["x"].data[...] = 1
sys.exit(0 if numpy.allclose(net.forward()["y"], 27) else 3)
"""


CPU = -1
_chosen: int | None = None  # number of the GPU, or CPU, that Caffe runs on; None: nobody has chosen
_thread = threading.local()  # device: what Caffe runs on in a thread, as far as it was set here


def probe_gpu(number: int) -> str | None:
    """Return why a forward pass on GPU `number` fails, or None where its answer is right."""
    command = [sys.executable, "-c", PROBE, str(number)]  # imports from where it stands: the kit
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return None if run.returncode == 0 else last_words(run.stderr)


def last_words(told: str) -> str:
    """Return the line that says why a process ended, from its stderr: Caffe's or the last one."""
    lines = [line for line in told.splitlines() if line.strip()]
    lines = [line for line in lines if not line.strip().startswith("***")]
    last = lines[-1] if lines else "no output"
    telling = [line for line in lines if "Check failed" in line or "Cannot use GPU" in line]
    reason = telling[0] if telling else last
    return reason.split("] ")[-1].strip()  # without glog's time and place


def parse_gpus(text: str | None) -> list[int]:
    """Return the GPU numbers of "0" or "0,1"; [] of an empty text."""
    try:
        numbers = [int(part) for part in (text or "").split(",") if part.strip()]
    except ValueError:
        numbers = [-1]
    if any(number < 0 for number in numbers) or len(set(numbers)) != len(numbers):
        raise InputError(
            f"GPU={text}: give GPU numbers such as GPU=0 or GPU=0,1; without GPU= the CPU is used"
        )
    return numbers


def check(gpus: str) -> list[int]:
    """Return the GPU numbers of a text after a forward pass on each; InputError where one fails."""
    numbers = parse_gpus(gpus)
    for number in numbers:
        reason = probe_gpu(number)
        if reason:
            raise InputError(
                f"GPU={gpus}: GPU {number} cannot run this Caffe ({reason}); leave GPU= out to "
                "use the CPU, or build a Caffe for it: make caffe-gpu"
            )
    return numbers


def follow() -> None:
    """Set Caffe in this thread to what `use` has chosen: each thread begins on the CPU."""
    from allinone.pycaffe import caffe

    if getattr(_thread, "device", None) == _chosen:
        return
    if _chosen == CPU:
        caffe.set_mode_cpu()
    else:
        caffe.set_device(_chosen)
        caffe.set_mode_gpu()
    _thread.device = _chosen


def use(gpus: str) -> str:
    """Set Caffe to the first GPU of "0" or "0,1", or to the CPU; print and return what is used."""
    from allinone.pycaffe import caffe

    global _chosen
    numbers = check(gpus)
    _chosen, _thread.device = numbers[0] if numbers else CPU, None
    follow()
    name = f"GPU {numbers[0]}" if numbers else "CPU"
    if len(numbers) > 1:
        print(f"GPU={gpus}: this step runs on one GPU, the first")
    print(f"Caffe {caffe.__version__} on the {name}", flush=True)
    return name


def _caffe_version() -> str:
    try:
        from allinone.pycaffe import caffe
    except InputError:
        return "no Caffe"
    return f"Caffe {caffe.__version__}"


def machine(used: str = "CPU") -> str:
    """Return the machine in words, for pages of figures: cores, processor, Caffe, its device."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = " and ".join(sorted(set(named))) or platform.machine()
    return f"{os.cpu_count()} cores of {processor}, {_caffe_version()} on the {used}"
