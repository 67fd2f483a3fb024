"""What is compiled, a dozen sources at a time: most of the time goes into reading headers."""

import os

TOGETHER = 12
# Compiled by themselves: the LSTM unit's own tanh and sigmoid would take the place of the right
# ones in other layers; Thrust's headers in math_functions.cu are enough for one compiler.
ALONE = ("lstm_unit_layer", "math_functions.cu")


def sources_of(folder, ending):
    """Return Caffe's sources with an ending, tests left out, in order."""
    found = []
    for place, _, names in os.walk(os.path.join(folder, "src", "caffe")):
        if os.path.basename(place) != "test":
            found += [os.path.join(place, name) for name in names if name.endswith(ending)]
    return sorted(found)


def merged(sources, folder, ending):
    """Write files that include the sources, and return what to compile."""
    alone = [path for path in sources if os.path.basename(path).startswith(ALONE)]
    rest = [path for path in sources if path not in alone]
    files = []
    for start in range(0, len(rest), TOGETHER):
        path = os.path.join(folder, f"merged_{start // TOGETHER:02}{ending}")
        text = "".join(f'#include "{one}"\n' for one in rest[start : start + TOGETHER])
        write_changed(path, text)
        files.append(path)
    return files + alone


def write_changed(path, text):
    """Write a file unless it has this text: what has not changed is not compiled again."""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as stream:
            if stream.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def write_list(source, folder, cuda):
    """Write merged sources and sources.cmake, which lists them, into a folder; return its path."""
    lines = []
    for name, ending in (("CPP", ".cpp"), ("CU", ".cu")):
        files = merged(sources_of(source, ending), folder, ending) if cuda or name == "CPP" else []
        lines += [f"set({name}_SOURCES", *(f'    "{path}"' for path in files), ")"]
    path = os.path.join(folder, "sources.cmake")
    write_changed(path, "\n".join(lines) + "\n")
    return path
