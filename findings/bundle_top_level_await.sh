#!/usr/bin/env bash
# guess: a bundle of ES modules does at its start what the modules do without it: two modules that each await something at the top
#   level, as a secret or a connection, wait at the same time, and a cold start takes as long as the slower one
# behaviour: in a bundle of esbuild or rollup the second module starts when the first one is done, because both are in one scope: a
#   cold start takes the sum, and the order of what they do is another one
# version: esbuild 0.28.2, rollup 4.68.8 (npm), Node.js 20
# date: 2026-11-30
# output:
#   modules:  secret starts, database starts, secret done, database done, handler
#   esbuild:  secret starts, secret done, database starts, database done, handler
#   rollup:   secret starts, secret done, database starts, database done, handler
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts esbuild@0.28.2 rollup@4.68.8 > /dev/null

cat > secret.mjs <<'JAVASCRIPT'
console.log('secret starts');
await new Promise((resolve) => setTimeout(resolve, 50));
console.log('secret done');
export const secret = 'secret';
JAVASCRIPT
cat > database.mjs <<'JAVASCRIPT'
console.log('database starts');
await new Promise((resolve) => setTimeout(resolve, 100));
console.log('database done');
export const database = 'database';
JAVASCRIPT
cat > main.mjs <<'JAVASCRIPT'
import { secret } from './secret.mjs';
import { database } from './database.mjs';

console.log('handler');
export const handler = async () => [secret, database];
JAVASCRIPT
node_modules/.bin/esbuild main.mjs --bundle --platform=node --format=esm --outfile=esbuild.mjs --log-level=error
node_modules/.bin/rollup main.mjs --format es --file rollup.mjs --silent

run() { node "$1" | paste -sd ',' | sed 's/,/, /g'; }
modules=$(run main.mjs)
esbuild=$(run esbuild.mjs)
rollup=$(run rollup.mjs)
echo "modules:  $modules"
echo "esbuild:  $esbuild"
echo "rollup:   $rollup"
[ "$modules" = 'secret starts, database starts, secret done, database done, handler' ]
[ "$esbuild" = 'secret starts, secret done, database starts, database done, handler' ]
[ "$rollup" = "$esbuild" ]
