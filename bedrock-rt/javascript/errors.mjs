// Formats errors like AWS's Node runtime: {errorType, errorMessage, trace}. Wording and edge cases follow Errors.js of
// npm's aws-lambda-ric. Where that omits details, the trace contains them.

// Saved at the start, because a worker may replace them.
const { parse, stringify } = JSON;

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
  // As on AWS, a promise that is rejected without a value has the message "handled".
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

// Frames of the host are removed: they contain nothing about the worker, and every trace would end with them.
const HOST_FILES_URL = new URL('.', import.meta.url).href;

function trace(error) {
  const lines = typeof error.stack === 'string' ? error.stack.split('\n') : [];
  return lines.filter((line) => !line.includes(HOST_FILES_URL));
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
