#!/usr/bin/env bash
# Build Caffe from its source: build_caffe.sh gpu|cpu [options of python -m tools.build_caffe].
# PYTHON=... chooses the interpreter that it is for; else it is the first that has what it takes.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
. tools/pythons.sh

can_build() {  # can_build COMMAND: is it new enough, not too new, and are its headers there?
    starts "$1" && "$1" -c 'import os, sys, sysconfig
there = os.path.isfile(os.path.join(sysconfig.get_paths()["include"], "Python.h"))
sys.exit(not (there and sys.version_info < (3, 14)))' >/dev/null 2>&1
}
choose() {
    local candidate
    for candidate in python3 python3.{12,11,10,9,13} \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.{12,11,10,9,13}*/bin/python; do
        if can_build "$candidate"; then echo "$candidate"; return 0; fi
    done
    find_python 3.12
}

if [ -n "${PYTHON:-}" ]; then
    python=$PYTHON
    must_start "$python"
elif ! python=$(choose); then
    echo "error: no Python 3.9 to 3.13 with its headers found, and uv could not fetch one;" \
        "install python3-dev and python3-venv, or give one with PYTHON=" >&2
    exit 2
fi
exec "$python" -m tools.build_caffe "$@"
