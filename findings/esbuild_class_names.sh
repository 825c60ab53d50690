#!/usr/bin/env bash
# guess: a bundle that esbuild does not minify keeps the names of classes, so that `error.name` and Lambda's `errorType` are those
#   of the source
# behaviour: two modules that each have a class `NotFound` share one scope in the bundle; the second class becomes `NotFound2`, and
#   so does `constructor.name`, depending on which other modules are bundled. `--keep-names` restores the names. (documentation of
#   `--keep-names`)
# version: esbuild 0.28.2 (npm)
# date: 2026-11-30
# output:
#   not bundled:          NotFound NotFound
#   bundled:              NotFound NotFound2
#   bundled, keep-names:  NotFound NotFound
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock esbuild@0.28.2 > /dev/null

for module in stars planets; do
  cat > $module.mjs <<'JAVASCRIPT'
export class NotFound extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}
JAVASCRIPT
done
cat > main.mjs <<'JAVASCRIPT'
import * as stars from './stars.mjs';
import * as planets from './planets.mjs';

console.log(new stars.NotFound('Sirius').name, new planets.NotFound('Vulcan').name);
JAVASCRIPT
esbuild=(node_modules/.bin/esbuild --bundle --platform=node --log-level=error main.mjs)
"${esbuild[@]}" --outfile=bundle.cjs
"${esbuild[@]}" --outfile=named.cjs --keep-names

source=$(node main.mjs)
bundle=$(node bundle.cjs)
named=$(node named.cjs)
echo "not bundled:          $source"
echo "bundled:              $bundle"
echo "bundled, keep-names:  $named"
[ "$source" = 'NotFound NotFound' ]
[ "$bundle" = 'NotFound NotFound2' ]
[ "$named" = 'NotFound NotFound' ]
