#!/usr/bin/env bash
# Make .venv: take the Caffe that was built here, or find a Python that can run Caffe and use the
# Caffe that it has, or install one. PYTHON=... chooses the interpreter, and stays chosen. Does
# nothing when done. Ends with code 2 and one message where no fitting Python can be had.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
. tools/pythons.sh
venv=.venv
stamp=$venv/ready  # three lines: what is installed, the newest build that it knows, what was asked
export GLOG_minloglevel=2
made=$venv/pip.log  # only a set-up writes it: an environment of somebody else's lacks it
wheel_for=3.9  # the newest Python that the Caffe wheel is for

said_of() {  # said_of FOLDER FIELD: what built.json of a build says
    sed -nE "s/^ \"$2\": \"(.*)\",?$/\1/p" "$1/built.json"
}
build_for() {  # build_for VERSION: prints the folder of the Caffe built here for that Python
    local folder
    for folder in .caffe-gpu .caffe-cpu; do
        if [ -f $folder/built.json ] && [[ "$(said_of $folder python)" = $1 ]]; then
            echo $folder
            return 0
        fi
    done
    return 1
}

listed=$(cat requirements.txt requirements-caffe.txt tools/setup.sh tools/pythons.sh | cksum)
build=$(build_for '*') && known="$build $(cksum < "$build/built.json")" || known=none
plan() {  # what is wanted; what was asked for stays so until a Python or a new build is
    asked=${PYTHON:-}
    if [ -z "$asked" ] && [ -f "$stamp" ] && [ "$(sed -n 2p "$stamp")" = "$known" ]; then
        asked=$(sed -n 3p "$stamp")
    fi
    wanted=$(printf '%s\n%s\n%s' "$listed" "$known" "$asked")
}
is_ready() {
    plan
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null
}
if is_ready; then exit 0; fi
exec 9>"$venv.lock"  # closed, and so unlocked, when this process ends, however it ends
if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
    echo "another set-up is still at work on $venv; waiting for its end"
    flock 9
    if is_ready; then exit 0; fi
fi
there=$(ls -A "$venv" 2>/dev/null)
if [ -L "$venv" ] || { [ -n "$there" ] && [ ! -f "$stamp" ] && [ ! -f "$made" ]; }; then
    echo "error: $venv is there, and make setup has not made it; move it away" >&2
    exit 2
fi

if [ -n "$asked" ]; then
    python=$asked
    must_start "$python"
    if real_caffe "$python"; then
        build=
    elif ! build=$(build_for "$(version_of "$python")") && ! is "$python" $wheel_for; then
        echo "error: PYTHON=$python has no Caffe, and the Caffe wheel for Python $wheel_for is of" \
            "no use to it; build one with make caffe-gpu or make caffe-cpu PYTHON=$python, leave" \
            "PYTHON= out or give another" >&2
        exit 2
    fi
elif [ -n "$build" ]; then
    python=$(said_of "$build" interpreter) version=$(said_of "$build" python)
    if ! is "$python" "$version" && ! python=$(find_python "$version"); then
        echo "error: $build is for Python $version, which is not here and could not be fetched;" \
            "install it, or remove $build" >&2
        exit 2
    fi
elif ! python=$(find_python $wheel_for); then
    cat >&2 <<'MESSAGE'
error: no Python 3.9 found, and uv could not fetch one. Any of these helps; then run the same again:
  pyenv install 3.9
  conda create -n allinone python=3.9 && conda activate allinone
  uv python install 3.9
  make caffe-cpu                        to build Caffe for the Python that is here
  make setup PYTHON=/path/to/python     for an interpreter (3.9 or newer) with a Caffe of its own
MESSAGE
    exit 2
fi

version=$("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])')
echo "setting up $venv with $version"
mkdir -p "$venv" && touch "$made" || exit 2
printf 'unfinished\n%s\n%s' "$known" "$asked" > "$stamp"
# What proves whose it is, and what was asked for, stays to the end.
find "$venv" -mindepth 1 -maxdepth 1 ! -path "$made" ! -path "$stamp" -exec rm -rf {} +
"$python" -m venv "$venv" || exit 2
own=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
install() {  # install with pip, a line a package
    "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@" \
        2>"$venv/pip.log" | sed -unE 's/^(Collecting|Installing) /  &/p'
}
if [ -n "$build" ]; then
    echo "using the Caffe built here, in $build"
    echo "$PWD/$build/site" > "$own/caffe-of-this-machine.pth"
    library=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
    cat > "$venv/bin/caffe" <<PROGRAM
#!/bin/sh
# Caffe's own command, with this environment for its Python layers. Within a program that has the
# system's protobuf, the one compiled into Python's package would crash.
export PATH="$PWD/$venv/bin:\$PATH" PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python
LD_LIBRARY_PATH="$library\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" \\
    exec "$PWD/$build/site/bin/caffe" "\$@"
PROGRAM
    chmod +x "$venv/bin/caffe"
    packages=(-r requirements.txt)
elif real_caffe "$python"; then
    # That Caffe is used with the packages that it stands among; pip adds only what they lack.
    file=$("$python" -c 'import caffe, os; print(os.path.abspath(caffe.__file__))')
    place=$(dirname "$(dirname "$file")")
    echo "using the Caffe of this Python, in $place"
    sed -i 's/^include-system-site-packages.*/include-system-site-packages = true/' \
        "$venv/pyvenv.cfg"
    echo "$place" > "$own/caffe-of-this-machine.pth"
    # numpy and protobuf are of the releases that this Caffe was built with, which the new
    # environment may not see; an OpenCV with ximgproc stays.
    keep='numpy|protobuf'
    "$venv/bin/python" -c 'import cv2; cv2.ximgproc' 2>/dev/null && keep="$keep|opencv"
    "$python" -c 'from importlib.metadata import distributions
for name in ("numpy", "protobuf"):
    for one in list(distributions(name=name))[:1]:  # the first is what is imported
        print(name, one.version, sep="==")' > "$venv/constraints.txt"
    grep -vE "^($keep)" requirements.txt > "$venv/requirements.txt"
    packages=(-r "$venv/constraints.txt" -r "$venv/requirements.txt")
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
