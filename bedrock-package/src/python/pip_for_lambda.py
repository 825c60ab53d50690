"""Runs pip with the environment markers of a Lambda runtime: pip judges markers for the interpreter that runs it.

The arguments are the markers as JSON, and pip's arguments.
"""
import json
import runpy
import sys

markers_of_lambda = json.loads(sys.argv[1])
try:
    from pip._vendor.packaging import markers

    markers_of_this_python = markers.default_environment

    def default_environment():
        return {**markers_of_this_python(), **markers_of_lambda}

    markers.default_environment = default_environment
    are_used = all(
        markers.Marker(f'{name} == "{value}"').evaluate() for name, value in markers_of_lambda.items() if value
    )
except Exception:
    are_used = False
if not are_used:
    python_version = markers_of_lambda['python_version']
    sys.exit(f'this pip cannot judge environment markers for Python {python_version}: install uv, or pip 20.3 or newer')
sys.argv = ['pip', *sys.argv[2:]]
runpy.run_module('pip', run_name='__main__', alter_sys=True)
