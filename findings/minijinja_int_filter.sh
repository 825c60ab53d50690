#!/usr/bin/env bash
# guess: `{{ value|int }}` gives 0 for text that is not a number: the default of the filter `int` is 0 in Jinja, and MiniJinja
#   has the filters of Jinja
# behaviour: MiniJinja raises an error unless a default is written, but gives 0 for `none`
# version: minijinja 3.0.5, Jinja2 3.1.6 (PyPI)
# date: 2026-11-29
# output:
#   {{ "abc"|int }}     jinja2: 0, minijinja: TemplateError
#   {{ "abc"|int(0) }}  jinja2: 0, minijinja: 0
#   {{ none|int }}      jinja2: 0, minijinja: 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check minijinja==3.0.5 Jinja2==3.1.6

"$folder/venv/bin/python" - << 'PYTHON'
import jinja2
import minijinja


def rendered(render):
    try:
        return render()
    except Exception as error:
        return type(error).__name__


results = []
for template in ['{{ "abc"|int }}', '{{ "abc"|int(0) }}', "{{ none|int }}"]:
    pair = (rendered(lambda: jinja2.Template(template).render()), rendered(lambda: minijinja.render_str(template)))
    print("%-19s jinja2: %s, minijinja: %s" % (template, *pair))
    results.append(pair)
assert results == [("0", "TemplateError"), ("0", "0"), ("0", "0")], results
PYTHON
