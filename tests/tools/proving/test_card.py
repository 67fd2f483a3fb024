"""What a card is called, asked of a stand-in for the driver's library."""

import ctypes
import shutil
import subprocess

import pytest

from tools.proving import card

DRIVER = """
#include <stddef.h>
#include <string.h>
int cuInit(unsigned flags) { return flags; }
int cuDeviceGet(int *device, int number) { *device = 70 + number; return number > 1; }
int cuDeviceGetName(char *name, int size, int device)
    { strncpy(name, device == 71 ? "Card B" : "Card A", size); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)80 << 30; return 0; }
int cuDriverGetVersion(int *version) { *version = 13020; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device)
    { *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 132; return 0; }
"""


def test_a_card_is_asked_by_the_number_that_caffe_uses(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    source, library = tmp_path / "driver.c", tmp_path / "libcuda.so.1"
    source.write_text(DRIVER)
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library], check=True)
    driver = card.driver(str(library))
    assert card.about(1, driver) == dict(
        number=1,
        name="Card B",
        memory_gib=80.0,
        capability="9.0",
        processors=132,
        driver_cuda="13.2",
    )
    assert card.about(2, driver) == {}


def test_without_a_driver_nothing_is_said(monkeypatch):
    def missing(_):
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert card.driver() is None and card.about(0) == {}
