#!/usr/bin/env bash
# guess: a bundle for a server reads `process.env.NODE_ENV` when it runs, as the modules do: the same zip logs what it shall in staging and
#   in production, where the function's configuration says `NODE_ENV=production`
# behaviour: `bun build`, also with `--target=node`, writes the value of the machine that builds into the bundle, and `development` if there
#   is none, so that libraries do their checks for development in production, and the variable of the function is not read. Any other
#   variable is read when the bundle runs. esbuild with `--platform=node` leaves it alone. `--production` writes `production`.
# version: bun 1.4.5, esbuild 0.28.2 (npm), Node.js 20
# date: 2026-11-30
# output:
#   modules           production, STAGE live
#   bun               development, STAGE live
#   bun --production  production, STAGE live
#   esbuild           production, STAGE live
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# Bun's package gets its binary from a dependency for the platform, which its install script only moves.
npm install --silent --no-save --no-package-lock bun@1.4.5 esbuild@0.28.2 > /dev/null
unset NODE_ENV STAGE

echo 'console.log(`${process.env.NODE_ENV}, STAGE ${process.env.STAGE}`);' > main.mjs
npx bun build --target=node main.mjs --outfile=bun.mjs > /dev/null
npx bun build --target=node --production main.mjs --outfile=bun_production.mjs > /dev/null
npx esbuild --bundle --platform=node --format=esm --log-level=error main.mjs --outfile=esbuild.mjs

run() {
  printf '%-17s %s\n' "$1" "$(NODE_ENV=production STAGE=live node "$2")"
}
{
  run modules main.mjs
  run bun bun.mjs
  run 'bun --production' bun_production.mjs
  run esbuild esbuild.mjs
} | tee seen
diff seen - <<'SEEN'
modules           production, STAGE live
bun               development, STAGE live
bun --production  production, STAGE live
esbuild           production, STAGE live
SEEN
