// Finds the worker's class: main.js, main.mjs or main.cjs in the worker's folder, CommonJS or ES module, the class
// exported or only declared. Used by the local host (host.mjs) and on Lambda (lambda.mjs), so that both agree.
// It runs the module exactly once and never changes a line number of it; errors come out as AWS's runtime names them.
import Module, { createRequire } from 'node:module';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RuntimeError } from './errors.mjs';

const MAIN_FILES = ['main.js', 'main.mjs', 'main.cjs'];
const FOUND = Symbol.for('bedrock.host.class');
// What Node itself takes as proof that a file that does not parse as CommonJS is an ES module.
const ES_MODULE_ERROR =
  /Cannot use import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta'|await is only valid/;

/** The class `className` of the worker in `folder`. */
export async function loadWorkerClass(folder, className) {
  const file = mainFile(folder);
  const source = readText(file);
  const kind = packageType(dirname(file));
  const declared = { value: undefined };
  Object.defineProperty(globalThis, FOUND, {
    configurable: true,
    value: (found) => {
      declared.value = found;
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
    delete globalThis[FOUND];
  }
}

function mainFile(folder) {
  const found = MAIN_FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) {
    throw new RuntimeError(
      'Runtime.ImportModuleError',
      `Error: Cannot find module 'main': no ${MAIN_FILES.join(', ')} in ${folder}`,
    );
  }
  return realpathSync(found); // the loaders of Node know files by their real path
}

function readText(file) {
  const text = readFileSync(file, 'utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The "type" of the package.json that rules over `folder`, found as Node finds it. */
function packageType(folder) {
  for (let at = folder; basename(at) !== 'node_modules'; at = dirname(at)) {
    try {
      return JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))?.type;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // Node tells the user about it
    }
    if (dirname(at) === at) break;
  }
  return undefined;
}

function isEsModule(file, kind, source) {
  if (file.endsWith('.mjs')) return true;
  if (file.endsWith('.cjs') || kind === 'commonjs') return false;
  return kind === 'module' || hasEsModuleSyntax(source);
}

/**
 * Whether a .js file of a package without "type" is an ES module, as newer Nodes decide it (and Lambda's and older
 * ones do not): by trying to parse it as CommonJS. Only files that look like it pay for that.
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
 * The line put behind the module: it hands over the binding of the class, whether or not it is exported.
 * The line feed ends a trailing comment, the semicolon a statement without one.
 */
function tail(className) {
  if (!/^[A-Za-z_$][\w$]*$/.test(className)) return '';
  return `\n;globalThis[Symbol.for("bedrock.host.class")]?.(typeof ${className}==="undefined"?undefined:${className});`;
}

// ---- CommonJS

function requireMain(file, kind, className) {
  if (kind === 'module') loadAsCommonJs(join(dirname(file), 'worker.js'));
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (filename !== file) return compile.call(this, content, filename, ...rest);
    Module.prototype._compile = compile;
    return compile.call(this, content + tail(className), filename, ...rest);
  };
  try {
    return createRequire(import.meta.url)(file);
  } finally {
    Module.prototype._compile = compile;
  }
}

/** Makes `require` take worker.js as CommonJS in a package with "type": "module", too. Returns whether it is. */
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
    tail: '',
    asModule: file.endsWith('.js') && kind !== 'module',
    base: '',
    shim: '',
    nodePath: false,
  };
  if (!looksExported(source, className) && looksDeclared(source, className)) plan.tail = tail(className);
  const base = join(dirname(file), 'worker.js');
  if (kind === 'module' && loadAsCommonJs(base)) {
    plan.base = pathToFileURL(realpathSync(base)).href;
    plan.shim = baseShim(base);
  }
  plan.nodePath = Boolean(process.env.NODE_PATH);
  if (plan.tail !== '' || plan.asModule || plan.base !== '' || plan.nodePath) await addHooks(plan);
  return import(url);
}

function looksDeclared(source, className) {
  return new RegExp(`\\b(?:class|const|let|var|function)\\s+${escape(className)}(?![\\w$])`).test(source);
}

function looksExported(source, className) {
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

/** worker.js as an ES module: the same objects that `require` gives. */
function baseShim(file) {
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

/** In this thread where Node can (22.15 and 23.5 on), otherwise in the loader's thread, which costs the start some 60 ms. */
async function addHooks(plan) {
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
  const found = candidates.find(isWorkerClass);
  if (found !== undefined) return found;
  const name = basename(file);
  if ([named, fallback, declared].some((value) => typeof value === 'function')) {
    throw new RuntimeError(
      'Runtime.HandlerNotFound',
      `class \`${className}\` in ${name} has no \`execute\` method (${file})`,
    );
  }
  const others = [...source.matchAll(/^[ \t]*(?:export\s+(?:default\s+)?)?class\s+([\w$]+)/gm)].map(
    (match) => `\`${match[1]}\``,
  );
  const seen = others.length === 0 ? 'it has no class' : `it has ${others.join(', ')}`;
  throw new RuntimeError(
    'Runtime.HandlerNotFound',
    `no class \`${className}\` with an \`execute\` method in ${name}: ${seen}; name the class \`${className}\`, or export it (${file})`,
  );
}

function property(value, key) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') ? value[key] : undefined;
}

function values(value) {
  return value !== null && typeof value === 'object' ? Object.values(value) : [];
}

// `Worker` is the base class that worker.js exports: re-exporting it does not make it the worker.
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
