# Functions that find a Python; read in by tools/setup.sh and tools/build_caffe.sh.

starts() {  # starts COMMAND: does it run, is it new enough, can it make an environment?
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1
}
must_start() {  # must_start COMMAND: ends with code 2 where what PYTHON= gives does not start
    starts "$1" && return
    echo "error: PYTHON=$1 does not start, is older than Python 3.9, or cannot make environments" \
        "(venv, ensurepip); give another" >&2
    exit 2
}
is() {  # is COMMAND VERSION: ... and is it of that version, such as 3.9?
    starts "$1" && [ "$(version_of "$1")" = "$2" ]
}
version_of() {  # version_of COMMAND: prints its version, such as 3.9
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'
}
real_caffe() {  # real_caffe COMMAND: does it import a Caffe that has nets?
    "$1" -c 'import caffe; caffe.Net, caffe.TRAIN, caffe.layer_type_list' >/dev/null 2>&1
}

find_python() {  # find_python VERSION: prints a command; fetches that Python where none is there
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1"*/bin/python \
        "${CONDA_PREFIX:-/none}"/bin/python \
        "$HOME"/{miniconda3,anaconda3,miniforge3,mambaforge}{,/envs/*}/bin/python; do
        if is "$candidate" "$1"; then echo "$candidate"; return 0; fi
    done
    if command -v conda >/dev/null 2>&1 \
        && conda create -y -q -p "$PWD/.python" "python=$1" >&2 && is .python/bin/python "$1"; then
        echo "$PWD/.python/bin/python"
        return 0
    fi
    find_with_uv "$1"
}

find_with_uv() {  # uv brings a CPython; uv itself comes from PyPI where it is not installed
    local uv=uv found
    if ! command -v uv >/dev/null 2>&1; then
        echo "no Python $1 here: fetching one with uv from PyPI" >&2
        python3 tools/fetch_uv.py .uv >&2 || return 1
        uv=.uv/uv
    fi
    if ! found=$("$uv" python find "$1" 2>/dev/null); then
        "$uv" python install "$1" >&2 && found=$("$uv" python find "$1") || return 1
    fi
    is "$found" "$1" && echo "$found"
}
