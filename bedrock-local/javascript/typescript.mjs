// TypeScript: removes the types of workers' files, by Node itself (22.18 and later) or by the esbuild of the worker's
// package.json. Used by load.mjs and hooks.mjs locally, and by register.mjs for tests. Bundles on Lambda have no types.
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from './errors.mjs';

/** Whether Node.js removes types itself. */
export const isNative = Boolean(process.features.typescript);

const MIN_NODE = '22.18';

export function isTypeScript(path) {
  return /\.[cm]?ts$/.test(path);
}

/** Returns the path of the worker's esbuild, or '' if Node.js needs none. */
export function findEsbuild(folder) {
  if (isNative) return '';
  try {
    return createRequire(join(folder, 'package.json')).resolve('esbuild');
  } catch (cause) {
    throw new RuntimeError(
      'Runtime.ImportModuleError',
      `Error: Node ${process.version} cannot load TypeScript: use Node ${MIN_NODE} or newer, or run \`npm install --save-dev esbuild\` in ${folder}`,
      cause,
    );
  }
}

/** Returns the JavaScript of a TypeScript file, with a source map. `format` is `esm` or `cjs`. */
export function removeTypes(esbuild, path, source, format) {
  const { transformSync } = createRequire(import.meta.url)(esbuild);
  try {
    const { code } = transformSync(source, {
      loader: 'ts',
      format,
      target: `node${process.versions.node}`,
      sourcefile: path,
      sourcemap: 'inline',
      keepNames: true,
      logLevel: 'silent',
    });
    return code;
  } catch (error) {
    const [first] = error.errors ?? [];
    if (first === undefined) throw error;
    const { line, column } = first.location ?? {};
    const syntaxError = new SyntaxError(`${first.text} (${path}:${line}:${column + 1})`);
    syntaxError.stack = `${path}:${line}\n${first.location?.lineText ?? ''}\n\nSyntaxError: ${first.text}`;
    throw syntaxError;
  }
}

/** Makes `require` load TypeScript files. `append(path)` returns text to add to a file. */
export function extendRequire(esbuild, append = () => '') {
  if (esbuild === '') return;
  const { _extensions: extensions } = createRequire(import.meta.url)('node:module');
  for (const extension of ['.ts', '.cts']) {
    extensions[extension] = (module, path) => {
      const source = readFileSync(path, 'utf8') + append(path);
      module._compile(removeTypes(esbuild, path, source, 'cjs'), path, 'commonjs');
    };
  }
}

/** Whether a .ts file of a package with this "type" is an ES module. Types cannot be parsed as CommonJS. */
export function isModuleSource(source, kind) {
  // `import x = require()` and `export =` are those of CommonJS.
  return kind === 'module' || (kind !== 'commonjs' && /^[ \t]*(?:export\b(?!\s*=)|import\b(?!.*\brequire\s*\())/m.test(source));
}

/**
 * Returns the loaded form of a file in TypeScript that is imported, or null for another file or if Node.js loads it
 * itself. `kind` is the "type" of the package.
 */
export function loadTypeScript(esbuild, url, kind, append) {
  if (esbuild === '' || !url.startsWith('file:') || !isTypeScript(url)) return null;
  const path = fileURLToPath(url);
  const source = readFileSync(path, 'utf8');
  const isModule = url.endsWith('.mts') || (!url.endsWith('.cts') && isModuleSource(source, kind));
  if (!isModule) return { format: 'commonjs', source: undefined, shortCircuit: true };
  return { format: 'module', source: removeTypes(esbuild, path, source + append, 'esm'), shortCircuit: true };
}

/** Returns the specifier of the TypeScript file that `./x.js` stands for if there is no such file, otherwise null. */
export function typeScriptSpecifier(specifier, parentUrl) {
  if (!/^\.{1,2}\//.test(specifier) || !/\.[cm]?js$/.test(specifier) || !parentUrl?.startsWith('file:')) return null;
  const renamed = specifier.replace(/\.([cm]?)js$/, '.$1ts');
  return existsSync(fileURLToPath(new URL(renamed, parentUrl))) ? renamed : null;
}
