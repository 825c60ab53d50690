#!/usr/bin/env bash
# guess: a `pyproject.toml` that uv locks and exports without a word is one that pip and the build backend can read
# behaviour: uv reads TOML 1.1, in which an inline table may have several lines and a comma after its last member. pip and hatchling read
#   with Python's `tomllib`, which knows TOML 1.0 up to Python 3.14, and refuse the whole file: the lock file and the requirements of the zip
#   are written, and the project itself is built neither by pip nor by uv. With the table in one line all of them agree.
# version: uv 0.13.9, pip 26.3, hatchling 1.33.0 (PyPI), Python 3.11 to 3.14
# date: 2026-11-30
# output:
#   several lines: uv lock and export: idna==3.10, pip wheel: fails, uv build: fails
#   one line:      uv lock and export: idna==3.10, pip wheel: works, uv build: works
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 pip==26.3 hatchling==1.33.0
mkdir -p project/src/shop
touch project/src/shop/__init__.py

write() {
  cat > project/pyproject.toml <<TOML
[build-system]
requires = ["hatchling==1.33.0"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1.0.0"
requires-python = ">=3.11"
license = $1
dependencies = ["idna==3.10"]
TOML
}
outcome() {
  if "$@" > /dev/null 2>&1; then echo works; else echo fails; fi
}
see() {
  rm -f project/uv.lock
  exported=$(venv/bin/uv export --quiet --project project --python venv/bin/python --no-emit-project --no-hashes --no-header --no-annotate)
  pip=$(outcome venv/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheels ./project)
  uv=$(outcome venv/bin/uv build --wheel --no-build-isolation --python venv/bin/python --out-dir wheels project)
  printf '%-14s uv lock and export: %s, pip wheel: %s, uv build: %s\n' "$1" "$exported" "$pip" "$uv"
}
{
  write '{
  text = "MIT",
}'
  see 'several lines:'
  write '{ text = "MIT" }'
  see 'one line:'
} | tee seen
diff seen - <<'SEEN'
several lines: uv lock and export: idna==3.10, pip wheel: fails, uv build: fails
one line:      uv lock and export: idna==3.10, pip wheel: works, uv build: works
SEEN
