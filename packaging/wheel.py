"""Makes a wheel of the program `cargo-bedrock` from a compiled binary, for `pip install cargo-bedrock` and `uvx`.

The wheel has no Python code: installers copy the program into the environment's folder of scripts. Uses only Python's
standard library.
"""

import argparse
import base64
import hashlib
import zipfile
from pathlib import Path

NAME = "cargo_bedrock"
PROGRAM = "cargo-bedrock"
# The oldest date that a zip can have, so that the same binary gives the same wheel.
DATE = (1980, 1, 1, 0, 0, 0)
# A regular file that everyone can execute.
EXECUTABLE = 0o100755 << 16
READABLE = 0o100644 << 16

METADATA = """\
Metadata-Version: 2.1
Name: cargo-bedrock
Version: {version}
Summary: Rust apps on AWS Lambda, with workers in Rust, Python and JavaScript
Home-page: https://github.com/cargo-bedrock/cargo-bedrock
License: MIT OR Apache-2.0
Requires-Python: >=3.9
Description-Content-Type: text/markdown

{readme}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: cargo-bedrock
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""


def build(binary: Path, version: str, platform: str, out: Path) -> Path:
    """Writes the wheel into the folder `out` and returns its path."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    info = f"{NAME}-{version}.dist-info"
    files = [
        (f"{NAME}-{version}.data/scripts/{PROGRAM}", binary.read_bytes(), EXECUTABLE),
        (f"{info}/METADATA", METADATA.format(version=version, readme=readme).encode(), READABLE),
        (f"{info}/WHEEL", WHEEL.format(platform=platform).encode(), READABLE),
    ]
    record = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, data, _ in files)
    files.append((f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode(), READABLE))
    out.mkdir(parents=True, exist_ok=True)
    wheel = out / f"{NAME}-{version}-py3-none-{platform}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data, mode in files:
            entry = zipfile.ZipInfo(path, DATE)
            entry.external_attr = mode
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return wheel


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a wheel from a compiled binary")
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--version", required=True, help="for example 0.1.0")
    parser.add_argument("--platform", required=True, help="for example manylinux_2_28_x86_64")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    print(build(arguments.binary, arguments.version, arguments.platform, arguments.out))
