#!/usr/bin/env bash
# Make .venv: find a Python that can run Caffe; use the Caffe that it has, or install one.
# PYTHON=... chooses the interpreter. Does nothing when done. Ends with code 2 and one message where
# no fitting Python can be had.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
venv=.venv
stamp=$venv/ready
export GLOG_minloglevel=2
made=$venv/pip.log  # only a set-up writes it: an environment of somebody else's lacks it
wanted=$(cat requirements.txt requirements-caffe.txt tools/setup.sh | cksum; echo "${PYTHON:-any}")
is_ready() {
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null
}
if is_ready; then exit 0; fi
exec 9>"$venv.lock"  # closed, and so unlocked, when this process ends, however it ends
if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
    echo "another set-up is still at work on $venv; waiting for its end"
    flock 9
    if is_ready; then exit 0; fi
fi

starts() {  # starts COMMAND: does it run, is it new enough, can it make an environment?
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1
}
fits() {  # fits COMMAND: ... and does the Caffe wheel exist for it?
    starts "$1" && "$1" -c 'import sys; sys.exit(sys.version_info >= (3, 10))' >/dev/null 2>&1
}
real_caffe() {  # real_caffe COMMAND: does it import a Caffe that has nets?
    "$1" -c 'import caffe; caffe.Net, caffe.TRAIN, caffe.layer_type_list' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in python3.9 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.9*/bin/python \
        "${CONDA_PREFIX:-/none}"/bin/python \
        "$HOME"/{miniconda3,anaconda3,miniforge3,mambaforge}{,/envs/*}/bin/python; do
        if fits "$candidate"; then echo "$candidate"; return 0; fi
    done
    if command -v conda >/dev/null 2>&1 \
        && conda create -y -q -p "$PWD/.python" python=3.9 >&2 && fits .python/bin/python; then
        echo "$PWD/.python/bin/python"
        return 0
    fi
    find_with_uv
}

find_with_uv() {  # uv brings a CPython 3.9; uv itself comes from PyPI where it is not installed
    local uv=uv found
    if ! command -v uv >/dev/null 2>&1; then
        echo "no Python 3.9 here: fetching one with uv from PyPI" >&2
        python3 tools/fetch_uv.py .uv >&2 || return 1
        uv=.uv/uv
    fi
    if ! found=$("$uv" python find 3.9 2>/dev/null); then
        "$uv" python install 3.9 >&2 && found=$("$uv" python find 3.9) || return 1
    fi
    fits "$found" && echo "$found"
}

if [ -n "${PYTHON:-}" ]; then
    python=$PYTHON
    if ! starts "$python"; then
        echo "error: PYTHON=$python does not start, is older than Python 3.9, or cannot make" \
            "environments (venv, ensurepip); give another" >&2
        exit 2
    fi
    if ! real_caffe "$python" && ! fits "$python"; then
        echo "error: PYTHON=$python has no Caffe, and the Caffe wheel for Python 3.9 is of no use" \
            "to it; leave PYTHON= out or give another" >&2
        exit 2
    fi
elif ! python=$(find_python); then
    cat >&2 <<'MESSAGE'
error: no Python 3.9 found, and uv could not fetch one. Any of these helps; then run the same again:
  pyenv install 3.9
  conda create -n allinone python=3.9 && conda activate allinone
  uv python install 3.9
  make setup PYTHON=/path/to/python     for an interpreter (3.9 or newer) with a Caffe of its own
MESSAGE
    exit 2
fi

version=$("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])')
echo "setting up $venv with $version"
if [ -L "$venv" ] || { [ -e "$venv" ] && [ ! -f "$stamp" ] && [ ! -f "$made" ]; }; then
    echo "error: $venv is there, and make setup has not made it; move it away" >&2
    exit 2
fi
mkdir -p "$venv" && touch "$made" || exit 2
find "$venv" -mindepth 1 -maxdepth 1 ! -path "$made" -exec rm -rf {} +  # that proves it, to the end
"$python" -m venv "$venv" || exit 2
install() {  # install with pip, a line a package
    "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@" \
        2>"$venv/pip.log" | sed -unE 's/^(Collecting|Installing) /  &/p'
}
if real_caffe "$python"; then
    # That Caffe is used with the packages that it stands among; pip adds only what they lack.
    file=$("$python" -c 'import caffe, os; print(os.path.abspath(caffe.__file__))')
    place=$(dirname "$(dirname "$file")")
    echo "using the Caffe of this Python, in $place"
    sed -i 's/^include-system-site-packages.*/include-system-site-packages = true/' \
        "$venv/pyvenv.cfg"
    own=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    echo "$place" > "$own/caffe-of-this-machine.pth"
    # numpy and protobuf are those that this Caffe was built with; an OpenCV with ximgproc stays.
    keep='numpy|protobuf'
    "$venv/bin/python" -c 'import cv2; cv2.ximgproc' 2>/dev/null && keep="$keep|opencv"
    "$venv/bin/python" -m pip list --format freeze 2>/dev/null \
        | grep -iE '^(numpy|protobuf)==' > "$venv/constraints.txt"
    grep -vE "^($keep)" requirements.txt > "$venv/requirements.txt"
    packages=(-c "$venv/constraints.txt" -r "$venv/requirements.txt")
else
    if "$python" -c 'import caffe' >/dev/null 2>&1; then
        echo "the package 'caffe' of this Python is not Caffe (PyPI's caffe is an unrelated" \
            "placeholder): not used"
    fi
    echo "installing Caffe and what it needs (about 200 MB to fetch; a minute)"
    packages=(-r requirements.txt -r requirements-caffe.txt)
fi
if ! install "${packages[@]}"; then
    echo "error: pip could not install the packages of requirements.txt; is the network there?" \
        "Its last words:" >&2
    tail -n 3 "$venv/pip.log" >&2
    exit 2
fi
if ! real_caffe "$venv/bin/python"; then
    why=$("$venv/bin/python" -c 'import caffe' 2>&1 | tail -n 1)
    echo "error: $venv was made, but its Python cannot import Caffe: $why" >&2
    exit 2
fi
printf '%s' "$wanted" > "$stamp"
echo "ready"
