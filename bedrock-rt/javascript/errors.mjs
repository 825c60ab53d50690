// Errors in the shape of AWS's Node runtime: {errorType, errorMessage, trace}. Wording and edge cases follow the
// Errors.js of npm's aws-lambda-ric; where that gives less than a reader needs, the trace gets the rest.

// Taken now: a worker may replace them.
const { parse, stringify } = JSON;

/** An error with a type of its own choosing, for what goes wrong in the host and not in the worker's code. */
export class RuntimeError extends Error {
  constructor(type, message, cause) {
    super(message, { cause });
    this.name = type;
    // What the host says about an error of the worker is worth little without that error.
    const lines = stackOf(cause);
    this.stack = `${type}: ${message}${lines === '' ? '' : `\n${lines}`}`;
  }
}

/** What the frame of a failed invocation (or a failed start) holds, as JSON text. Never throws. */
export function errorText(thrown) {
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
  // AWS: a promise rejected with nothing is the string "handled".
  if (thrown === undefined || thrown === null) return { errorType: 'string', errorMessage: 'handled', trace: [] };
  if (!isError(thrown)) return { errorType: typeof thrown, errorMessage: String(thrown.toString()), trace: [] };
  const name = typeof thrown.name === 'string' && thrown.name !== '' ? thrown.name : thrown.constructor?.name;
  return { errorType: String(name ?? 'Error'), errorMessage: String(thrown.message), trace: trace(thrown) };
}

function isError(thrown) {
  if (thrown === undefined || thrown === null) return false;
  if (thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]') return true;
  return ['name', 'message', 'stack'].every((key) => typeof thrown[key] === 'string' && thrown[key] !== '');
}

// Frames of the host say nothing about the worker, and every trace would end with them.
const OWN_FILES = new URL('.', import.meta.url).href;

function trace(error) {
  const lines = typeof error.stack === 'string' ? error.stack.split('\n') : [];
  return lines.filter((line) => !line.includes(OWN_FILES));
}

function stackOf(value) {
  try {
    return isError(value) && typeof value.stack === 'string' ? value.stack : '';
  } catch {
    return ''; // an object whose properties throw when they are read
  }
}

/** `thrown` for people to read, in as many lines as its trace has. Never throws. */
export function describe(thrown) {
  const { errorType, errorMessage, trace: lines } = parse(errorText(thrown));
  return lines.length > 0 ? lines.join('\n') : `${errorType}: ${errorMessage}`;
}

/** What String() makes of any value, even of one that cannot be made a string. */
export function textOf(value) {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
