"""Fetch the program `uv` from PyPI with nothing but Python's standard library: python3 tools/fetch_uv.py FOLDER.

For machines whose Python has neither pip nor venv, as Debian and Ubuntu ship it. Runs on any Python 3.
"""

import hashlib
import io
import json
import os
import platform
import sys
import urllib.parse
import urllib.request
import zipfile

INDEX = "https://pypi.org/pypi/uv/json"


def wheel_of(release, machine):
    """Return the entry of the release's Linux wheel for a machine such as x86_64."""
    for entry in release["urls"]:
        if entry["filename"].endswith(machine + ".whl") and "manylinux" in entry["filename"]:
            return entry
    raise SystemExit("error: PyPI has no uv for Linux on " + machine)


def main():
    folder = sys.argv[1]
    try:
        with urllib.request.urlopen(INDEX, timeout=60) as answer:
            entry = wheel_of(json.load(answer), platform.machine())
        with urllib.request.urlopen(
            urllib.parse.urljoin(INDEX, entry["url"]), timeout=300
        ) as answer:
            wheel = answer.read()
    except OSError as error:
        raise SystemExit("error: PyPI cannot be reached (" + str(error) + ")")
    if hashlib.sha256(wheel).hexdigest() != entry["digests"]["sha256"]:
        raise SystemExit("error: " + entry["url"] + " arrived damaged; try again")
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(wheel)) as parts:
        name = next(name for name in parts.namelist() if name.endswith("/scripts/uv"))
        with open(os.path.join(folder, "uv"), "wb") as program:
            program.write(parts.read(name))
    os.chmod(os.path.join(folder, "uv"), 0o755)


if __name__ == "__main__":
    main()
