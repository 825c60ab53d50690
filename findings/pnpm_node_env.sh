#!/usr/bin/env bash
# guess: with `NODE_ENV=production`, which images for production set, no package manager of Node.js installs `devDependencies`
# behaviour: npm and Yarn leave them out, and so did pnpm up to version 9. pnpm 10 and newer install them without a message; an
#   upgrade of pnpm makes the image or the zip larger. `--prod` leaves them out in each version. (pnpm/pnpm issue 8827)
# version: npm 10.9.0, yarn 1.22.22, pnpm 9.15.0, 10.24.0 and 12.21.0 (npm), installing ms 2.1.3 and, for development, isarray 2.0.5
# date: 2026-11-30
# output:
#   npm 10.9.0:           ms
#   yarn 1.22.22:         ms
#   pnpm 9.15.0:          ms
#   pnpm 10.24.0:         isarray ms
#   pnpm 12.21.0:         isarray ms
#   pnpm 12.21.0 --prod:  ms
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir tools app
cd tools
npm install --silent --no-save --no-package-lock --ignore-scripts npm@10.9.0 yarn@1.22.22 pnpm9@npm:pnpm@9.15.0 \
  pnpm10@npm:pnpm@10.24.0 pnpm12@npm:pnpm@12.21.0 > /dev/null
cd ../app
echo '{"name":"app","version":"1.0.0","dependencies":{"ms":"2.1.3"},"devDependencies":{"isarray":"2.0.5"}}' > package.json
export NODE_ENV=production XDG_DATA_HOME="$folder/data" XDG_CACHE_HOME="$folder/cache" YARN_CACHE_FOLDER="$folder/yarn"
# Without asking before it deletes `node_modules`, and as the version that is named.
export CI=true npm_config_manage_package_manager_versions=false

# Prints what a package manager installs.
row() {
  local name=$1
  shift
  rm -rf node_modules package-lock.json yarn.lock pnpm-lock.yaml
  node "$@" > log 2>&1
  printf '%-21s %s\n' "$name:" "$(find node_modules -mindepth 1 -maxdepth 1 -not -name '.*' -printf '%f\n' | sort | paste -sd ' ')"
}
modules=../tools/node_modules
{
  row 'npm 10.9.0' $modules/npm/bin/npm-cli.js install
  row 'yarn 1.22.22' $modules/yarn/bin/yarn.js install
  row 'pnpm 9.15.0' $modules/pnpm9/bin/pnpm.cjs install --no-frozen-lockfile
  row 'pnpm 10.24.0' $modules/pnpm10/bin/pnpm.cjs install --no-frozen-lockfile
  row 'pnpm 12.21.0' $modules/pnpm12/bin/pnpm.mjs install --no-frozen-lockfile
  row 'pnpm 12.21.0 --prod' $modules/pnpm12/bin/pnpm.mjs install --no-frozen-lockfile --prod
} | tee seen
diff seen - <<'SEEN'
npm 10.9.0:           ms
yarn 1.22.22:         ms
pnpm 9.15.0:          ms
pnpm 10.24.0:         isarray ms
pnpm 12.21.0:         isarray ms
pnpm 12.21.0 --prod:  ms
SEEN
