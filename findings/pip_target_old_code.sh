#!/usr/bin/env bash
# guess: `pip install --target FOLDER` of another version replaces the package in the folder, or fails
# behaviour: pip prints a warning and `Successfully installed idna-3.10` and exits with 0, but the folder has the code of the
#   old version next to the metadata of both, and `importlib.metadata` finds one of the two. With `--upgrade` the code is
#   replaced and the old metadata stays. uv replaces both.
# version: pip 26.3 and uv 0.13.9, installing idna 3.6 and then 3.10 (PyPI)
# date: 2026-11-30
# output:
#   pip:           exit 0, code 3.6, metadata 3.10 3.6
#   pip --upgrade: exit 0, code 3.10, metadata 3.10 3.6
#   uv:            exit 0, code 3.10, metadata 3.10
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pip==26.3 uv==0.13.9
pip=("$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
uv=("$folder/venv/bin/uv" pip install --quiet)

updated() { # NAME COMMAND…: installs both versions into one folder and prints what it then contains
  local target=$folder/$1 status=0
  shift
  "$@" --target "$target" idna==3.6 2> /dev/null
  "$@" --target "$target" idna==3.10 2> /dev/null || status=$?
  code=$(PYTHONPATH=$target python3 -c 'import idna; print(idna.__version__)')
  metadata=$(cd "$target" && printf '%s\n' idna-*.dist-info | sed 's/^idna-//; s/\.dist-info$//' | sort | paste -sd ' ')
  echo "exit $status, code $code, metadata $metadata"
}
plain=$(updated plain "${pip[@]}")
upgrade=$(updated upgrade "${pip[@]}" --upgrade)
uv=$(updated uv "${uv[@]}")
echo "pip:           $plain"
echo "pip --upgrade: $upgrade"
echo "uv:            $uv"
[ "$plain" = 'exit 0, code 3.6, metadata 3.10 3.6' ]
[ "$upgrade" = 'exit 0, code 3.10, metadata 3.10 3.6' ]
[ "$uv" = 'exit 0, code 3.10, metadata 3.10' ]
