"""CPU or GPU: the choice is stated, tried out, and never changed in silence."""

import os
import platform
import subprocess
import sys

from allinone.errors import InputError
from allinone.pycaffe import caffe

# A CPU-only Caffe accepts set_mode_gpu() and aborts later: only a real forward pass in another process tells.
PROBE = """
import sys, tempfile, numpy, allinone, caffe
caffe.set_device(int(sys.argv[1])); caffe.set_mode_gpu()
with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as net:
    net.write('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }'
              'layer { name: "y" type: "Convolution" bottom: "x" top: "y" convolution_param { num_output: 2 kernel_size: 3'
              ' weight_filler { type: "constant" value: 1 } } }')
    net.flush()
    n = caffe.Net(net.name, caffe.TEST)
    n.blobs["x"].data[...] = 1
    ok = numpy.allclose(n.forward()["y"], 27)
sys.exit(0 if ok else 3)
"""


def probe_gpu(number):
    """Return None where a forward pass on GPU `number` gives the right answer, else the reason (last line of stderr)."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE, str(number)], capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return None
    lines = [
        line
        for line in run.stderr.splitlines()
        if line.strip() and not line.strip().startswith("***")
    ]
    reason = next(
        (line for line in lines if "Check failed" in line or "Cannot use GPU" in line),
        lines[-1] if lines else "no output",
    )
    return reason.split("] ")[-1].strip()  # without glog's time and place


def parse_gpus(text):
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


def check(gpus):
    """Return the GPU numbers of "0" or "0,1" after a forward pass on each; InputError where one fails."""
    numbers = parse_gpus(gpus)
    for number in numbers:
        reason = probe_gpu(number)
        if reason:
            raise InputError(
                f"GPU={gpus}: GPU {number} cannot run this Caffe ({reason}); "
                "leave GPU= out to use the CPU, or give PYTHON= a Python with a CUDA build of Caffe"
            )
    return numbers


def use(gpus):
    """Set Caffe to the first GPU of "0" or "0,1", or to the CPU for an empty text; print and return what is used."""
    numbers = check(gpus)
    if numbers:
        caffe.set_device(numbers[0])
        caffe.set_mode_gpu()
    else:
        caffe.set_mode_cpu()
    name = f"GPU {numbers[0]}" if numbers else "CPU"
    if len(numbers) > 1:
        print(f"GPU={gpus}: this step runs on one GPU, the first")
    print(f"Caffe {caffe.__version__} on the {name}", flush=True)
    return name


def machine(used="CPU"):
    """Return the machine in words, for pages of figures: cores, processor, Caffe's version and what it runs on, as `use` returns it."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = {line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")}
    return f"{os.cpu_count()} cores of {' and '.join(sorted(names)) or platform.machine()}, Caffe {caffe.__version__} on the {used}"
