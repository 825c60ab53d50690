#!/usr/bin/env bash
# guess: `npm ci --libc=musl` installs only native packages for musl, as `npm install --libc=musl` does without a lock file
# behaviour: npm decides by the lock file and does not read what the packages themselves declare. npm 10.9 does not write
#   `libc` into it, so a newer npm installs the packages for glibc and for musl from such a lock file.
# version: npm 10.9.0 writes the lock file, npm 11.19.1 installs lightningcss 1.30.2 (npm)
# date: 2026-11-29
# output:
#   without a lock file:    lightningcss-linux-arm64-musl
#   lock file of npm 11.19: lightningcss-linux-arm64-musl
#   lock file of npm 10.9:  lightningcss-linux-arm64-gnu lightningcss-linux-arm64-musl
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm install --silent --no-save --no-package-lock --prefix "$folder/old" npm@10.9.0 > /dev/null
npm install --silent --no-save --no-package-lock --prefix "$folder/new" npm@11.19.1 > /dev/null
npm_of() { # NAME ARGUMENTS…: one of the two npms
  local name=$1
  shift
  node "$folder/$name/node_modules/npm/bin/npm-cli.js" "$@" --silent --no-audit --no-fund
}
native() { # The native packages that are installed
  printf '%s\n' node_modules/lightningcss-* | sed 's|node_modules/||' | sort | paste -sd ' '
}
target=(--os=linux --cpu=arm64 --libc=musl)
mkdir "$folder/app"
cd "$folder/app"
echo '{ "name": "app", "version": "1.0.0", "dependencies": { "lightningcss": "1.30.2" } }' > package.json

npm_of new install --no-package-lock "${target[@]}"
without=$(native)
rm -rf node_modules

npm_of new install --package-lock-only
npm_of new ci "${target[@]}"
new=$(native)
rm -rf node_modules package-lock.json

npm_of old install --package-lock-only
npm_of new ci "${target[@]}"
old=$(native)

echo "without a lock file:    $without"
echo "lock file of npm 11.19: $new"
echo "lock file of npm 10.9:  $old"
[ "$without" = 'lightningcss-linux-arm64-musl' ]
[ "$new" = 'lightningcss-linux-arm64-musl' ]
[ "$old" = 'lightningcss-linux-arm64-gnu lightningcss-linux-arm64-musl' ]
