"""The changes to Caffe's source of 2018 without which today's compilers and CUDA refuse it.

Each is a pattern, what takes its place, how often it must be found, and the reason. A source in
which a pattern is not found as often is refused: it is not the one that this was written for.
"""

import os
import re
from typing import NamedTuple

from allinone.errors import InputError


class Edit(NamedTuple):
    """One change: in `file`, `count` times `pattern` (re.sub) becomes `new`, because of `why`."""

    file: str
    pattern: str
    new: str
    count: int
    why: str


EDITS = (
    Edit(
        "src/caffe/common.cpp",
        r"LOG\(INFO\)[^;]*\bprop\.(clockRate|deviceOverlap|kernelExecTimeoutEnabled)\b[^;]*;",
        "",
        3,
        "CUDA 13 has dropped these fields of a device",
    ),
    Edit(
        "src/caffe/util/io.cpp",
        r"SetTotalBytesLimit\((\w+), \d+\)",
        r"SetTotalBytesLimit(\1)",
        1,
        "protobuf has dropped the second argument",
    ),
    Edit(
        "src/caffe/internal_thread.cpp",
        r"(?=CUDA_CHECK\(cudaGetDevice)",
        "if (Caffe::mode() == Caffe::GPU) ",
        1,
        "a thread that reads data needs no GPU in CPU mode, and there may be none",
    ),
    Edit(
        "src/caffe/internal_thread.cpp",
        r"(?=CUDA_CHECK\(cudaSetDevice)",
        "if (mode == Caffe::GPU) ",
        1,
        "the same",
    ),
    Edit(
        "src/caffe/util/math_functions.cu",
        r"#include <math_functions\.h>.*\n",
        "",
        1,
        "CUDA has dropped this header; <cmath> has what it had",
    ),
    Edit(
        "python/caffe/_caffe.cpp",
        r"(BOOST_PYTHON_MODULE\(_caffe\) \{\n)",
        r"\1  import_array1();\n",
        1,
        "numpy's table of functions is used before the end of the module: segmentation fault",
    ),
    Edit(
        "python/caffe/_caffe.cpp",
        r"PyBytes_FromString\(uid\.c_str\(\)\)",
        "PyBytes_FromStringAndSize(uid.data(), uid.size())",
        1,
        "the name of an NCCL connection has zeros, and was cut off at the first: 9 bytes of 128",
    ),
    Edit("python/caffe/io.py", r"\barr\.tostring\(\)", "arr.tobytes()", 1, "numpy has dropped it"),
    Edit(
        "python/caffe/io.py",
        r"np\.fromstring\(([^()]*)\)",
        r"np.frombuffer(\1).copy()",
        1,
        "numpy has dropped it for bytes; a copy can be written to, as before",
    ),
    Edit("python/caffe/io.py", r"\bas_grey=", "as_gray=", 1, "scikit-image has renamed it"),
)


def apply(edits, folder):
    """Change a source; InputError, before anything is written, where a pattern does not fit."""
    texts = {}
    for edit in edits:
        path = os.path.join(folder, edit.file)
        text = texts[path] if path in texts else read(path)
        texts[path], found = re.subn(edit.pattern, edit.new, text)
        if found != edit.count:
            raise InputError(
                f"{path}: found {found} times, not {edit.count}: {edit.pattern}; this is not the "
                f"source that the kit's changes were written for ({edit.why})"
            )
    for path, text in texts.items():
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)


def read(path):
    """Return the text of a source file."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the source of BVLC/caffe") from None
