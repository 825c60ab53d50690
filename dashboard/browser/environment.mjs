// The environment of the browser tests: the program under test, Chromium, and playwright-core. If one of them is missing, the
// tests are skipped with the reason; in CI that is an error.

import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const target = process.env.CARGO_TARGET_DIR ? resolve(process.env.CARGO_TARGET_DIR) : join(checkout, 'target');
export const program = join(target, 'debug/cargo-bedrock');
const tools = join(target, 'tools');

/** Names of the Chromium program, in search order. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Returns the path of Chromium: the installed one, or the one that `cargo xtask setup` unpacked into the tools folder. */
function findChromium() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...paths, join(tools, 'chromium/run')].find((path) => existsSync(path));
}

/** Returns why the tests cannot run, or `undefined` if they can. */
function missingRequirement() {
  if (!existsSync(program)) return `\`${program}\` does not exist: run \`cargo build -p cargo-bedrock\``;
  if (!existsSync(join(tools, 'browser/node_modules/playwright-core'))) return 'playwright-core is not installed: run `cargo xtask setup`';
  if (findChromium() === undefined) return 'no Chromium on the PATH or in the tools folder: run `cargo xtask setup`';
  return undefined;
}

/** The `skip` option of `describe`: the reason for skipping, or `false`. */
export const skip = missingRequirement() ?? false;
if (skip !== false && ![undefined, '', '0', 'false'].includes(process.env.CI)) {
  throw new Error(`${skip}; tests may not be skipped when CI is set`);
}

/** Imports a package from the tools folder. */
export const tool = (name) => import(join(tools, 'browser/node_modules', name));
export const axe = join(tools, 'browser/node_modules/axe-core/axe.min.js');

/** Launches Chromium with an empty profile; the caller closes it. */
export async function launch() {
  const { chromium: engine } = (await tool('playwright-core/index.js')).default;
  const flags = ['no-sandbox', 'disable-gpu', 'disable-quic', 'no-first-run', 'disable-background-networking', 'disable-component-update', 'disable-sync'];
  return engine.launch({ executablePath: findChromium(), headless: true, args: flags.map((flag) => `--${flag}`) });
}
