// Formats errors like AWS's Node runtime: {errorType, errorMessage, trace}. Wording and edge cases are those of
// `formatError` of npm's aws-lambda-ric 4.0.2, with which a test compares them.

// Saved at the start, because a worker may replace them.
const { parse, stringify } = JSON;
const NativeError = Error;
// How many causes of an error are logged at most.
const MAX_CAUSES = 20;

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

/**
 * Logs why an error of a worker was thrown, which AWS's runtime leaves out of its report: its `cause`, the errors of an
 * AggregateError (`Promise.any`), and their causes. Never throws.
 */
export function logCauses(thrown) {
  try {
    for (const [how, cause] of causesOf(thrown)) {
      console.error(`${how}: ${cause instanceof NativeError ? formatForLog(cause) : toText(cause)}`);
    }
  } catch {
    // an object of the worker throws when it is read
  }
}

/** Returns the causes with how they led to the error before them, nearest first. */
function causesOf(thrown) {
  const causes = [];
  const known = new Set([thrown]);
  const waiting = [thrown];
  while (waiting.length > 0) {
    const outer = waiting.shift();
    // The stack of an error of the host contains its cause.
    if (!(outer instanceof NativeError) || outer instanceof RuntimeError) continue;
    const members = Array.isArray(outer.errors) && outer instanceof AggregateError ? outer.errors : [];
    const inner = members.map((member) => ['one of the errors', member]);
    if (outer.cause !== undefined && outer.cause !== null) inner.push(['caused by', outer.cause]);
    for (const [how, cause] of inner) {
      // An error may be its own cause.
      if (known.has(cause) || causes.length === MAX_CAUSES) continue;
      known.add(cause);
      causes.push([how, cause]);
      waiting.push(cause);
    }
  }
  return causes;
}

/** Converts any value to a string, even if String() throws for it. */
export function toText(value) {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
