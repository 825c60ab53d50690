#!/usr/bin/env bash
# guess: a TypeScript file runs the same whether Node.js removes its types or esbuild or tsc compiles it, as long as it has no syntax
#   that produces code
# behaviour: a field that a class only declares (`name!: string`) is removed by tsc and esbuild if the `target` of `tsconfig.json` is
#   older than ES2022, also with a newer `--target` of esbuild. Amaro, with which Node.js removes types, reads no `tsconfig.json` and
#   leaves the field: it is set to `undefined` after the constructor of the parent class has filled it.
# version: typescript 7.0.2, esbuild 0.28.2, amaro 1.2.1 (npm)
# date: 2026-11-30
# output:
#   tsc, ES2021:      Ada
#   esbuild, ES2021:  Ada
#   amaro:            undefined
#   esbuild, ES2022:  undefined
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock typescript@7.0.2 esbuild@0.28.2 amaro@1.2.1 > /dev/null

cat > main.ts <<'TYPESCRIPT'
class Model {
  constructor(fields: object) {
    Object.assign(this, fields);
  }
}

class User extends Model {
  name!: string;
}

console.log(new User({ name: 'Ada' }).name);
TYPESCRIPT
settings() { # TARGET: writes `tsconfig.json`
  echo "{ \"compilerOptions\": { \"target\": \"$1\", \"module\": \"commonjs\", \"strict\": true }, \"files\": [\"main.ts\"] }" > tsconfig.json
}
bundled() { node_modules/.bin/esbuild --bundle --platform=node --target=node24 main.ts | node -; }

settings ES2021
tsc=$(node_modules/.bin/tsc -p . --outDir compiled && node compiled/main.js)
older=$(bundled)
amaro=$(node -e "console.log(require('amaro').transformSync(require('fs').readFileSync('main.ts', 'utf8'), { mode: 'strip-only' }).code)" | node -)
settings ES2022
newer=$(bundled)
echo "tsc, ES2021:      $tsc"
echo "esbuild, ES2021:  $older"
echo "amaro:            $amaro"
echo "esbuild, ES2022:  $newer"
[ "$tsc" = Ada ]
[ "$older" = Ada ]
[ "$amaro" = undefined ]
[ "$newer" = undefined ]
