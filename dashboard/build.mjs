// Builds the dashboard into `bedrock-dev/dashboard`, or with `--tests` its tests into `.tests`. The same sources give the
// same bytes on every machine: versions are pinned, and nothing of the machine goes in.

import { build } from 'esbuild';
import { cp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.DASHBOARD_OUT ?? join(here, '../bedrock-dev/dashboard');
const shared = { absWorkingDir: here, bundle: true, jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning', charset: 'utf8' };

if (process.argv.includes('--tests')) {
  await rm(join(here, '.tests'), { recursive: true, force: true });
  const tests = (await readdir(join(here, 'tests'))).filter((name) => name.endsWith('.test.ts'));
  await build({
    ...shared,
    entryPoints: tests.map((name) => `tests/${name}`),
    outdir: '.tests',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
} else {
  const banner = '// Built by `npm run build` in `dashboard`, which has the sources.';
  const options = { ...shared, minify: true, target: ['chrome120', 'firefox121', 'safari17.5'], legalComments: 'none' };
  await build({ ...options, entryPoints: ['src/main.tsx'], outfile: join(target, 'app.js'), format: 'iife', banner: { js: banner } });
  await build({ ...options, entryPoints: ['src/styles/app.css'], outfile: join(target, 'app.css') });
  await cp(join(here, 'static'), target, { recursive: true });
}
