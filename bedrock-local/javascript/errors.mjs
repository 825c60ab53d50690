// Formats errors like AWS's Node runtime: {errorType, errorMessage, trace}. Wording and edge cases are those of
// `formatError` of npm's aws-lambda-ric 4.0.2, with which a test compares them.

// Saved at the start, because a worker may replace them.
const { parse, stringify } = JSON;
const NativeError = Error;

/** An error of the host, not of the worker's code, with a given type. */
export class RuntimeError extends Error {
  constructor(type, message, cause) {
    super(message, { cause });
    this.name = type;
    // An error of the host caused by the worker is only useful together with the worker's error.
    const lines = stackOf(cause);
    this.stack = `${type}: ${message}${lines === '' ? '' : `\n${lines}`}`;
  }
}

/** Returns the error of a failed invocation or start as JSON text. Never throws. */
export function errorJson(thrown) {
  let shape;
  try {
    shape = errorShape(thrown);
  } catch {
    shape = {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      trace: [],
    };
  }
  return stringify(shape);
}

function errorShape(thrown) {
  if (!(thrown instanceof NativeError)) return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  return {
    errorType: withoutDel(thrown.name) ?? 'Error',
    errorMessage: withoutDel(thrown.message) ?? '',
    trace: trace(withoutDel(thrown.stack)),
  };
}

/** AWS's runtime replaces the character DEL. It fails for what is not text, and so does the description of the error. */
function withoutDel(text) {
  return text?.replaceAll('\x7F', '%7F');
}

function isError(thrown) {
  if (thrown === undefined || thrown === null) return false;
  if (thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]') return true;
  return ['name', 'message', 'stack'].every((key) => typeof thrown[key] === 'string' && thrown[key] !== '');
}

// Frames of the host are removed: they contain nothing about the worker, and every trace would end with them.
const HOST_FILES_URL = new URL('.', import.meta.url).href;

function trace(stack) {
  return (stack?.split('\n') ?? []).filter((line) => !line.includes(HOST_FILES_URL));
}

function stackOf(value) {
  try {
    return isError(value) && typeof value.stack === 'string' ? value.stack : '';
  } catch {
    return ''; // the properties of the object throw when they are read
  }
}

/** Formats `thrown` for the log, in as many lines as its trace has. Never throws. */
export function formatForLog(thrown) {
  const { errorType, errorMessage, trace: lines } = parse(errorJson(thrown));
  return lines.length > 0 ? lines.join('\n') : `${errorType}: ${errorMessage}`;
}

/** Converts any value to a string, even if String() throws for it. */
export function toText(value) {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
