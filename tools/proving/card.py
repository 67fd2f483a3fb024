"""What CUDA's driver says of a card. Numbers are those that Caffe and onnxruntime use too."""

from __future__ import annotations

import ctypes
from typing import Any, Optional

LIBRARY = "libcuda.so.1"  # comes with the driver, not with the toolkit
MAJOR, MINOR, PROCESSORS = 75, 76, 16  # CUdevice_attribute
NAME_BYTES = 256


def driver(name: str = LIBRARY) -> Optional[ctypes.CDLL]:
    """Return the driver's library after cuInit, None where there is none that works."""
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    return None if library.cuInit(0) else library


def about(number: int, library: Optional[ctypes.CDLL] = None) -> dict[str, Any]:
    """Return name, memory (GiB), compute capability, processors and the driver's CUDA of a card.

    {} where there is no driver or no such card.
    """
    library = library or driver()
    device = ctypes.c_int()
    if library is None or library.cuDeviceGet(ctypes.byref(device), number):
        return {}
    name, memory = ctypes.create_string_buffer(NAME_BYTES), ctypes.c_size_t()
    library.cuDeviceGetName(name, NAME_BYTES, device)
    library.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    version = ctypes.c_int()
    library.cuDriverGetVersion(ctypes.byref(version))
    values = []
    for attribute in (MAJOR, MINOR, PROCESSORS):
        value = ctypes.c_int()
        library.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
        values.append(value.value)
    major, minor, processors = values
    return dict(
        number=number,
        name=name.value.decode(),
        memory_gib=round(memory.value / 2**30, 1),
        capability=f"{major}.{minor}",
        processors=processors,
        driver_cuda=f"{version.value // 1000}.{version.value % 1000 // 10}",
    )
