#!/usr/bin/env bash
# guess: a software bill of materials that cyclonedx-py makes of a `requirements.txt` lists what pip installs from that file
# behaviour: it lists each line, also those whose environment marker does not hold: packages for Windows and for older Pythons, as `uv export`
#   and `pip-compile` write them, are components of a zip for Linux, and each advisory for one of them is reported. The component has no
#   `scope`; the marker is only in its description. pip leaves them out, and cyclonedx-py does for the environment that pip has made.
# version: cyclonedx-bom 7.5.0 and pip 26.3, with idna 3.10 (PyPI), Python 3.11 or newer on Linux
# date: 2026-11-30
# output:
#   pip:                        idna
#   cyclonedx-py requirements:  colorama (no scope), exceptiongroup (no scope), idna (no scope)
#   cyclonedx-py environment:   idna
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pip==26.3 cyclonedx-bom==7.5.0
cat > requirements.txt <<'REQUIREMENTS'
colorama==0.4.6 ; sys_platform == "win32"
exceptiongroup==1.2.2 ; python_version < "3.11"
idna==3.10
REQUIREMENTS

python3 -m venv --without-pip app
venv/bin/python -m pip --python app/bin/python install --quiet --disable-pip-version-check --requirement requirements.txt
venv/bin/cyclonedx-py requirements requirements.txt > requirements.json 2> /dev/null
venv/bin/cyclonedx-py environment app/bin/python > environment.json 2> /dev/null
cat > show.py <<'PYTHON'
import json
import sys


def components(path):
    with open(path) as file:
        return sorted(json.load(file)["components"], key=lambda component: component["name"])


scopes = ["%s (%s)" % (component["name"], component.get("scope", "no scope")) for component in components("requirements.json")]
print("pip:                       ", ", ".join(sys.argv[1:]))
print("cyclonedx-py requirements: ", ", ".join(scopes))
print("cyclonedx-py environment:  ", ", ".join(component["name"] for component in components("environment.json")))
PYTHON
installed=$(venv/bin/python -m pip --python app/bin/python list --disable-pip-version-check --format=freeze | sed 's/==.*//')
venv/bin/python show.py $installed | tee seen
diff seen - <<'SEEN'
pip:                        idna
cyclonedx-py requirements:  colorama (no scope), exceptiongroup (no scope), idna (no scope)
cyclonedx-py environment:   idna
SEEN
