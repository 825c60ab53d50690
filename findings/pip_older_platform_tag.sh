#!/usr/bin/env bash
# guess: `pip install --platform manylinux_2_34_x86_64` takes a wheel for manylinux2014 (glibc 2.17) where there is no newer
#   one, as pip does on a machine with glibc 2.34: the tag names the oldest C library that a wheel runs with
# behaviour: pip takes only wheels with exactly the tag of the option, and finds none. The older tags must be given as further
#   options. uv derives them. (pypa/pip issue 10760)
# version: pip 26.3 and uv 0.13.9, installing MarkupSafe 3.0.2 (PyPI)
# date: 2026-11-30
# output:
#   pip, manylinux_2_34:                     No matching distribution found for MarkupSafe==3.0.2
#   pip, manylinux_2_34 and manylinux2014:   installed
#   uv,  manylinux_2_34:                     installed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pip==26.3 uv==0.13.9
options=(--quiet --no-deps --only-binary=:all: --python-version 3.13)

pip_installs() { # NAME PLATFORM…: what pip says about the package for these platforms
  local target=$folder/$1 platforms=() platform
  shift
  for platform in "$@"; do platforms+=(--platform "$platform"); done
  "$folder/venv/bin/python" -m pip install --disable-pip-version-check "${options[@]}" "${platforms[@]}" --target "$target" \
    MarkupSafe==3.0.2 2> "$folder/error" && echo installed || grep -o 'No matching distribution.*' "$folder/error"
}
exact=$(pip_installs exact manylinux_2_34_x86_64)
both=$(pip_installs both manylinux_2_34_x86_64 manylinux2014_x86_64)
"$folder/venv/bin/uv" pip install "${options[@]}" --python-platform x86_64-manylinux_2_34 --target "$folder/uv" MarkupSafe==3.0.2
uv=$([ -d "$folder/uv/markupsafe" ] && echo installed)

echo "pip, manylinux_2_34:                     $exact"
echo "pip, manylinux_2_34 and manylinux2014:   $both"
echo "uv,  manylinux_2_34:                     $uv"
[ "$exact" = 'No matching distribution found for MarkupSafe==3.0.2' ]
[ "$both" = installed ]
[ "$uv" = installed ]
