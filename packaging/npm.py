"""Makes the npm packages of the program `cargo-bedrock` from compiled binaries, for `npx cargo-bedrock`.

Each platform has a package with its program. The package `cargo-bedrock` names them as optional dependencies, of which
npm installs the one that fits, and starts its program. Writes folders, which `npm pack` and `npm publish` take.
"""

import argparse
import json
import shutil
from pathlib import Path

REPOSITORY = "https://github.com/cargo-bedrock/cargo-bedrock"
COMMON = {
    "license": "MIT OR Apache-2.0",
    "homepage": REPOSITORY,
    "repository": {"type": "git", "url": f"git+{REPOSITORY}.git"},
}

LAUNCHER = """\
#!/usr/bin/env node
// Starts the program of the package for this platform.
'use strict';
const { spawn } = require('node:child_process');

const name = `@cargo-bedrock/${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/cargo-bedrock`);
} catch {
  console.error(`error: the package \\`${name}\\` is not installed`);
  console.error('help: this platform may not be supported; see `cargo install cargo-bedrock`');
  process.exit(2);
}
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
// The terminal sends Ctrl-C to the program, too, which decides what it means.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`error: failed to start \\`${program}\\`: ${error.message}`);
  process.exit(2);
});
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
"""


def build(binaries: "dict[str, Path]", version: str, out: Path) -> None:
    """Writes one folder for each platform (`linux-x64` and so on) and `cargo-bedrock` into the folder `out`."""
    for platform, binary in binaries.items():
        system, architecture = platform.split("-")
        folder = out / platform
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "cargo-bedrock"
        shutil.copyfile(binary, program)
        program.chmod(0o755)
        description = f"The program of cargo-bedrock for {platform}"
        package = {"name": f"@cargo-bedrock/{platform}", "version": version, "description": description, **COMMON}
        write(folder, {**package, "os": [system], "cpu": [architecture], "files": ["cargo-bedrock"]})
    folder = out / "cargo-bedrock"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "launcher.cjs").write_text(LAUNCHER, encoding="utf-8")
    shutil.copyfile(Path(__file__).parent.parent / "README.md", folder / "README.md")
    write(
        folder,
        {
            "name": "cargo-bedrock",
            "version": version,
            "description": "Rust apps on AWS Lambda, with workers in Rust, Python and JavaScript",
            **COMMON,
            "bin": {"cargo-bedrock": "launcher.cjs"},
            "files": ["launcher.cjs"],
            "engines": {"node": ">=18"},
            "optionalDependencies": {f"@cargo-bedrock/{platform}": version for platform in binaries},
        },
    )


def write(folder: Path, package: dict) -> None:
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make npm packages from compiled binaries")
    parser.add_argument("--binary", action="append", required=True, metavar="PLATFORM=PATH", help="linux-x64=PATH")
    parser.add_argument("--version", required=True, help="for example 0.1.0")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    pairs = (given.split("=", 1) for given in arguments.binary)
    build({platform: Path(path) for platform, path in pairs}, arguments.version, arguments.out)
