#!/usr/bin/env bash
# guess: `pip install --python-version 3.9 --target …` installs what the packages need on Python 3.9
# behaviour: pip chooses wheels for 3.9, but evaluates the environment markers of requirements for the Python that runs pip:
#   a dependency that only older Pythons need is left out without a message. uv evaluates them for 3.9.
# version: pip 25.3 and uv 0.13.9 (PyPI), on Python 3.10 or newer
# date: 2026-11-29
# output:
#   pip: importlib-resources==6.4.0
#   uv:  importlib-resources==6.4.0 zipp==3.20.2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pip==25.3 uv==0.13.9
# importlib-resources 6.4.0 needs `zipp>=3.1.0; python_version < "3.10"`.
printf 'importlib-resources==6.4.0\nzipp==3.20.2; python_version < "3.10"\n' > "$folder/requirements.txt"
options=(--quiet --target)

"$folder/venv/bin/python" -m pip install --disable-pip-version-check "${options[@]}" "$folder/pip" \
  --python-version 3.9 --only-binary=:all: -r "$folder/requirements.txt" 2> /dev/null
"$folder/venv/bin/uv" pip install "${options[@]}" "$folder/uv" \
  --python-version 3.9 --only-binary=:all: -r "$folder/requirements.txt"

installed() { # FOLDER: the packages in it, with versions
  (cd "$1" && printf '%s\n' *.dist-info) | sed 's/\.dist-info$//; s/_/-/; s/-\([0-9][^-]*\)$/==\1/' | sort | paste -sd ' '
}
pip=$(installed "$folder/pip")
uv=$(installed "$folder/uv")
echo "pip: $pip"
echo "uv:  $uv"
[ "$pip" = 'importlib-resources==6.4.0' ]
[ "$uv" = 'importlib-resources==6.4.0 zipp==3.20.2' ]
