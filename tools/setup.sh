#!/bin/sh
# Sets up simmail's own Python in the folder $1: what the lock files name (hashes checked), then simmail itself.
# usage: tools/setup.sh VENV LOCK...      PYTHON=... chooses the interpreter (3.11 or newer)
set -eu
venv=$1
shift

say() { printf '%s\n' "$@" >&2; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
whole() { "$1" -c 'import ensurepip, venv; ensurepip.version()' >/dev/null 2>&1; }

command -v git >/dev/null 2>&1 ||
    say "Note: git is not installed. simmail runs without it; to contribute, install it (Debian: apt-get install git)."

if ! { [ -x "$venv/bin/pip" ] && fits "$venv/bin/python"; }; then
    python=
    incomplete=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        fits "$candidate" || continue
        if whole "$candidate"; then
            python=$candidate
            break
        fi
        incomplete=${incomplete:-$candidate}
    done
    if [ -z "$python" ] && [ -n "$incomplete" ]; then
        say "The Python here ($incomplete) cannot make virtual environments: its venv module is not installed." \
            "  Debian, Ubuntu:  apt-get install python3-venv      (as root, or with sudo)" \
            "Then call make again."
        exit 1
    elif [ -z "$python" ]; then
        say "simmail needs Python 3.11 or newer, and ${PYTHON:-python3} is none (or is not installed)." \
            "  Debian 12 or newer, Ubuntu 24.04 or newer:  apt-get install python3 python3-venv      (as root, or with sudo)" \
            "  elsewhere: install a newer Python and call  make PYTHON=/path/to/python3.12" \
            "  or use conda:  conda env create -f environment.yml"
        exit 1
    fi
    say "Setting up $venv with $("$python" -V) (once; a minute or less) ..."
    "$python" -m venv --clear "$venv"
fi

python=$venv/bin/python
UV_PYTHON_DOWNLOADS=never
export UV_PYTHON_DOWNLOADS

# uv installs the rest; it is pinned and hashed in the first lock file like everything else.
if ! "$python" -m uv --version >/dev/null 2>&1; then
    awk '/^uv==/,/[^\\]$/' "$1" > "$venv/uv.txt"
    "$python" -m pip install -q --disable-pip-version-check --require-hashes -r "$venv/uv.txt"
fi
for lock in "$@"; do
    "$python" -m uv pip install -q --python "$python" --require-hashes -r "$lock"
done
"$python" -m uv pip install -q --python "$python" --no-deps --no-build-isolation -e .
