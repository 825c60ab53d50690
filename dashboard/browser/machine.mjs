// What the tests in the browser find on the machine: the program under test, Chromium, and what drives it. Where one of
// them is missing the tests are skipped and say why; in CI that is a failure.

import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const target = process.env.CARGO_TARGET_DIR ? resolve(process.env.CARGO_TARGET_DIR) : join(checkout, 'target');
export const program = join(target, 'debug/cargo-bedrock');
const tools = join(target, 'tools');

/** Names of Chromium, in the order in which they are looked for. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Chromium of the machine, or the one that `cargo xtask setup` has put into the tools. */
function chromium() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...paths, join(tools, 'chromium/run')].find((path) => existsSync(path));
}

/** Why the tests cannot run; nothing if they can. */
function missing() {
  if (!existsSync(program)) return `\`${program}\` is not there: \`cargo build -p cargo-bedrock\``;
  if (!existsSync(join(tools, 'browser/node_modules/playwright-core'))) return 'playwright-core is not there: `cargo xtask setup`';
  if (chromium() === undefined) return 'no Chromium on the PATH, and none in the tools: `cargo xtask setup`';
  return undefined;
}

/** For `describe`: why all of it is skipped, or false. */
export const skip = missing() ?? false;
if (skip !== false && ![undefined, '', '0', 'false'].includes(process.env.CI)) {
  throw new Error(`${skip}; with CI set nothing may be skipped`);
}

/** A tool that is installed into the tools. */
export const tool = (name) => import(join(tools, 'browser/node_modules', name));
export const axe = join(tools, 'browser/node_modules/axe-core/axe.min.js');

/** Chromium with nothing of the user's; it is to be closed. */
export async function launch() {
  const { chromium: engine } = (await tool('playwright-core/index.js')).default;
  const quiet = ['no-sandbox', 'disable-gpu', 'disable-quic', 'no-first-run', 'disable-background-networking', 'disable-component-update', 'disable-sync'];
  return engine.launch({ executablePath: chromium(), headless: true, args: quiet.map((flag) => `--${flag}`) });
}
