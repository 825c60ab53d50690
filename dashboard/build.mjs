// Builds the dashboard into `bedrock-dev/dashboard`, or with `--tests` its tests into `.tests`. The output depends only on the
// sources: versions are pinned, and no information about the machine is included.

import { build } from 'esbuild';
import { cp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectDir = dirname(fileURLToPath(import.meta.url));
const target = process.env.DASHBOARD_OUT ?? join(projectDir, '../bedrock-dev/dashboard');
const sharedOptions = { absWorkingDir: projectDir, bundle: true, jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning', charset: 'utf8' };

if (process.argv.includes('--tests')) {
  await rm(join(projectDir, '.tests'), { recursive: true, force: true });
  const tests = (await readdir(join(projectDir, 'tests'))).filter((name) => name.endsWith('.test.ts'));
  await build({
    ...sharedOptions,
    entryPoints: tests.map((name) => `tests/${name}`),
    outdir: '.tests',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
} else {
  const banner = '// Built by `npm run build` from the sources in `dashboard`.';
  const options = { ...sharedOptions, minify: true, target: ['chrome120', 'firefox121', 'safari17.5'], legalComments: 'none' };
  await build({ ...options, entryPoints: ['src/main.tsx'], outfile: join(target, 'app.js'), format: 'iife', banner: { js: banner } });
  await build({ ...options, entryPoints: ['src/styles/app.css'], outfile: join(target, 'app.css') });
  await cp(join(projectDir, 'static'), target, { recursive: true });
}
