// Finds the worker's class: in main.js, main.mjs, main.cjs or main.ts of the worker's folder, CommonJS or ES module,
// exported or only declared. Used by the local host (host.mjs) and on Lambda (lambda.mjs), so that both behave the same. It runs
// the module exactly once and does not change line numbers. Errors are named as AWS's runtime names them.
import Module, { createRequire } from 'node:module';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RuntimeError } from './errors.mjs';
import { extendRequire, findEsbuild, isModuleSource, isTypeScript } from './typescript.mjs';

const MAIN_FILES = ['main.js', 'main.mjs', 'main.cjs', 'main.ts', 'main.mts', 'main.cts'];
const CLASS_SYMBOL = Symbol.for('bedrock.host.class');
// Messages from which Node concludes that a file that is not valid CommonJS is an ES module.
const ES_MODULE_ERROR =
  /Cannot use import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta'|await is only valid/;

// How AWS's runtime marks a function from `awslambda.streamifyResponse`.
export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
export const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

/** Returns the marks of a worker that streams its responses: of its `execute`. Null if it does not stream. */
export function streamMarks(worker, isDurable) {
  const { [STREAMING]: mode, [HIGH_WATER_MARK]: highWaterMark } = worker.execute ?? {};
  if (!mode) return null;
  if (isDurable) {
    throw new RuntimeError('Runtime.MalformedStreamingHandler', 'a durable worker cannot stream its response');
  }
  return { [STREAMING]: mode, [HIGH_WATER_MARK]: highWaterMark };
}

/** Returns the class `className` of the worker in `folder`. */
export async function loadWorkerClass(folder, className) {
  const file = mainFile(folder);
  const source = readText(file);
  const kind = packageType(dirname(file));
  const declared = { value: undefined };
  // A bundle has the lines of its sources in a map, a file without its types in itself.
  if (isTypeScript(file) || existsSync(`${file}.map`)) process.setSourceMapsEnabled(true);
  Object.defineProperty(globalThis, CLASS_SYMBOL, {
    configurable: true,
    value: (workerClass) => {
      declared.value = workerClass;
    },
  });
  try {
    const exported = isEsModule(file, kind, source)
      ? await importMain(file, kind, source, className)
      : requireMain(file, kind, className);
    return pickClass(exported, declared.value, className, { file, source });
  } catch (error) {
    throw loadError(error, file);
  } finally {
    delete globalThis[CLASS_SYMBOL];
  }
}

/** Returns the file of the worker in `folder`, and whether it is an ES module. */
export function mainModule(folder) {
  const file = mainFile(folder);
  return { file, isModule: isEsModule(file, packageType(dirname(file)), readText(file)) };
}

function mainFile(folder) {
  const path = MAIN_FILES.map((name) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new RuntimeError(
      'Runtime.ImportModuleError',
      `Error: Cannot find module 'main': no ${MAIN_FILES.join(', ')} in ${folder}`,
    );
  }
  return realpathSync(path); // Node's loaders use real paths
}

function readText(file) {
  const text = readFileSync(file, 'utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Returns the "type" of the package.json that applies to `folder`, found like Node finds it. */
function packageType(folder) {
  for (let at = folder; basename(at) !== 'node_modules'; at = dirname(at)) {
    try {
      return JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))?.type;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // Node reports it
    }
    if (dirname(at) === at) break;
  }
  return undefined;
}

function isEsModule(file, kind, source) {
  if (/\.m[jt]s$/.test(file)) return true;
  if (/\.c[jt]s$/.test(file) || kind === 'commonjs') return false;
  if (isTypeScript(file)) return isModuleSource(source, kind);
  return kind === 'module' || hasEsModuleSyntax(source);
}

/**
 * Whether a .js file of a package without "type" is an ES module, as newer versions of Node decide it (Lambda's and
 * older ones do not): by trying to parse it as CommonJS. Only files with `import` or `export` are parsed.
 */
function hasEsModuleSyntax(source) {
  if (!/^[ \t]*(?:import|export)\b|\bimport\.meta\b/m.test(source)) return false;
  const { compileFunction } = createRequire(import.meta.url)('node:vm');
  try {
    compileFunction(source.replace(/^#!.*/, ''), ['exports', 'require', 'module', '__filename', '__dirname']);
    return false;
  } catch (error) {
    return ES_MODULE_ERROR.test(error.message);
  }
}

/**
 * Returns a statement that is appended to the module: it passes on the binding of the class, whether or not it is
 * exported. The line feed ends a trailing comment, the semicolon a statement without one.
 */
function captureStatement(className) {
  if (!/^[A-Za-z_$][\w$]*$/.test(className)) return '';
  return `\n;globalThis[Symbol.for("bedrock.host.class")]?.(typeof ${className}==="undefined"?undefined:${className});`;
}

// ---- CommonJS

function requireMain(file, kind, className) {
  if (kind === 'module') loadAsCommonJs(join(dirname(file), 'worker.js'));
  const esbuild = isTypeScript(file) ? findEsbuild(dirname(file)) : '';
  if (esbuild !== '') {
    extendRequire(esbuild, (path) => (path === file ? captureStatement(className) : ''));
    return createRequire(import.meta.url)(file);
  }
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (filename !== file) return compile.call(this, content, filename, ...rest);
    Module.prototype._compile = compile;
    return compile.call(this, content + captureStatement(className), filename, ...rest);
  };
  try {
    return createRequire(import.meta.url)(file);
  } finally {
    Module.prototype._compile = compile;
  }
}

/**
 * Makes `require` load worker.js as CommonJS, even in a package with "type": "module". Returns whether it is CommonJS.
 */
function loadAsCommonJs(file) {
  if (!existsSync(file)) return false;
  const path = realpathSync(file);
  const source = readText(path);
  if (!/\bmodule\.exports\b/.test(source) || /^[ \t]*export\b/m.test(source)) return false;
  const load = Module._extensions['.js'];
  Module._extensions['.js'] = function (module, filename) {
    if (filename !== path) return load.call(this, module, filename);
    return module._compile(source, filename, 'commonjs');
  };
  return true;
}

// ---- ES modules

async function importMain(file, kind, source, className) {
  const { pathToFileURL } = createRequire(import.meta.url)('node:url');
  const url = pathToFileURL(file).href;
  const plan = {
    main: url,
    captureStatement: '',
    asModule: /\.[jt]s$/.test(file) && kind !== 'module',
    base: '',
    shim: '',
    nodePath: false,
    isTypeScript: isTypeScript(file),
    esbuild: '',
    kind,
  };
  if (plan.isTypeScript) {
    plan.esbuild = findEsbuild(dirname(file));
    extendRequire(plan.esbuild);
  }
  if (!isProbablyExported(source, className) && isProbablyDeclared(source, className)) {
    plan.captureStatement = captureStatement(className);
  }
  const base = join(dirname(file), 'worker.js');
  if (kind === 'module' && loadAsCommonJs(base)) {
    plan.base = pathToFileURL(realpathSync(base)).href;
    plan.shim = createShim(base);
  }
  plan.nodePath = Boolean(process.env.NODE_PATH);
  const needsHooks = plan.captureStatement !== '' || plan.asModule || plan.base !== '' || plan.nodePath;
  if (needsHooks || plan.isTypeScript) await registerLoaderHooks(plan);
  return import(url);
}

function isProbablyDeclared(source, className) {
  return new RegExp(`\\b(?:class|const|let|var|function)\\s+${escape(className)}(?![\\w$])`).test(source);
}

function isProbablyExported(source, className) {
  const name = `${escape(className)}(?![\\w$])`;
  return new RegExp(
    `(?:^|;)[ \\t]*export\\s+(?:default\\s+)?(?:class|const|let|var|function)\\s+${name}` +
      `|(?:^|;)[ \\t]*export\\s+default\\s+${name}|(?:^|;)[ \\t]*export\\s*\\{[^}]*(?<![\\w$])${name}`,
    'm',
  ).test(source);
}

function escape(name) {
  return name.replace(/[^\w]/g, '\\$&');
}

/** Returns the source of an ES module with the same objects as `require` of worker.js. */
function createShim(file) {
  const names = Object.keys(createRequire(import.meta.url)(file)).filter(
    (name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default',
  );
  return [
    "import { createRequire } from 'node:module';",
    `const base = createRequire(import.meta.url)(${JSON.stringify(realpathSync(file))});`,
    ...names.map((name) => `export const ${name} = base.${name};`),
    'export default base;\n',
  ].join('\n');
}

/**
 * Registers the hooks: in this thread if Node supports it (22.15 and 23.5 or later), otherwise in the loader's thread,
 * which takes about 60 ms.
 */
async function registerLoaderHooks(plan) {
  if (typeof Module.registerHooks === 'function') {
    const { hooksFor } = await import('./hooks.mjs');
    Module.registerHooks(hooksFor(plan));
  } else if (typeof Module.register === 'function') {
    Module.register('./hooks.mjs', { parentURL: import.meta.url, data: plan });
  } else {
    throw new RuntimeError(
      'Runtime.HandlerNotFound',
      `Node ${process.version} cannot load this worker: export the class from a main.mjs, or use Node 18.19 or newer`,
    );
  }
}

// ---- the class

function pickClass(exported, declared, className, { file, source }) {
  const named = property(exported, className);
  const fallback = property(exported, 'default');
  const candidates = [
    named,
    exported,
    fallback,
    property(fallback, className),
    ...values(exported),
    ...values(fallback),
    declared,
  ];
  const workerClass = candidates.find(isWorkerClass);
  if (workerClass !== undefined) return workerClass;
  const name = basename(file);
  if ([named, fallback, declared].some((value) => typeof value === 'function')) {
    throw new RuntimeError(
      'Runtime.HandlerNotFound',
      `class \`${className}\` in ${name} has no \`execute\` method (${file})`,
    );
  }
  const otherNames = [...source.matchAll(/^[ \t]*(?:export\s+(?:default\s+)?)?class\s+([\w$]+)/gm)].map(
    (match) => `\`${match[1]}\``,
  );
  const classList = otherNames.length === 0 ? 'it has no class' : `it has ${otherNames.join(', ')}`;
  throw new RuntimeError(
    'Runtime.HandlerNotFound',
    `no class \`${className}\` with an \`execute\` method in ${name}: ${classList}; name the class \`${className}\`, or export it (${file})`,
  );
}

function property(value, key) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') ? value[key] : undefined;
}

function values(value) {
  return value !== null && typeof value === 'object' ? Object.values(value) : [];
}

// `Worker` is the base class that worker.js exports. It is not a worker, even if it is re-exported.
function isWorkerClass(value) {
  return typeof value === 'function' && typeof value.prototype?.execute === 'function' && value.name !== 'Worker';
}

function loadError(error, file) {
  if (error instanceof RuntimeError) return error;
  if (error instanceof SyntaxError) return new RuntimeError('Runtime.UserCodeSyntaxError', `${error}`, error);
  const code = error?.code;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return new RuntimeError('Runtime.ImportModuleError', `Error: ${error.message}`, error);
  }
  if (error === undefined || error === null) {
    return new RuntimeError('Error', `${basename(file)} threw ${error} while it was loaded`);
  }
  return error;
}
