// Checks events and responses of a worker on Lambda against its contract.json, if BEDROCK_CHECK_CONTRACTS is 1. Locally
// the app checks them. The file is in the form that `cargo bedrock contracts` writes.

const MAX_VIOLATIONS = 20;
const MAX_DEPTH = 127;
const MAX_SHOWN_CHARS = 40;
const SAFE = Number.MAX_SAFE_INTEGER;
const DATE = '(\\d{4}-\\d\\d-\\d\\d)';
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d';
const FORMATS = {
  'date-time': [
    new RegExp(`^${DATE}T${CLOCK}:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]${CLOCK})$`),
    'a date with time and offset, for example `2026-11-29T12:00:00Z`',
  ],
  date: [new RegExp(`^${DATE}$`), 'a date, for example `2026-11-29`'],
  uuid: [/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'a UUID'],
  uri: [/^[a-zA-Z][a-zA-Z0-9+.-]*:[^\x00-\x20<>"{}|\\^`]+$/, 'a URI with a scheme'],
  email: [/^[^\x00-\x20@]+@[^\x00-\x20@]+$/, 'an e-mail address'],
  decimal: [/^[+-]?\d+(\.\d+)?$/, 'a decimal number in digits, for example `"12.50"`'],
};
const BASE64 = /^[a-zA-Z0-9+/]*={0,2}$/;

/** An event or a response that is not the one of the contract. */
export class ContractViolation extends Error {
  name = 'ContractViolation';
}

/** Throws a ContractViolation with all violations of a root, `event` or `response`. */
export function check(contract, root, value) {
  const found = violations(contract, root, value);
  if (found.length > 0) throw new ContractViolation(`the ${root} is not that of the contract: ${found.join('; ')}`);
}

/** Returns what is wrong with a value, at most MAX_VIOLATIONS lines. */
export function violations(contract, root, value) {
  const found = [];
  const checker = new Checker(contract.$defs ?? {}, root === 'event', found);
  checker.value(contract.properties?.[root] ?? {}, value, root, 0);
  return found.slice(0, MAX_VIOLATIONS);
}

class Checker {
  constructor(definitions, isClosed, found) {
    this.definitions = definitions;
    this.isClosed = isClosed;
    this.found = found;
  }

  get isFull() {
    return this.found.length >= MAX_VIOLATIONS;
  }

  add(path, message) {
    this.found.push(`\`${path}\`: ${message}`);
  }

  wrong(path, expected, value) {
    this.add(path, `expected ${expected}, found ${shown(value)}`);
  }

  value(schema, value, path, depth) {
    if (this.isFull) return;
    if (depth > MAX_DEPTH) return this.add(path, `nested more than ${MAX_DEPTH} levels deep`);
    let actual = schema;
    while (actual.$ref !== undefined) actual = this.definitions[actual.$ref.slice('#/$defs/'.length)] ?? {};
    if (actual.anyOf !== undefined) {
      if (value !== null) this.value(actual.anyOf[0], value, path, depth);
    } else if (actual.oneOf !== undefined) {
      this.union(actual, value, path, depth);
    } else if (actual.enum !== undefined) {
      if (!actual.enum.includes(value)) this.wrong(path, oneOf(actual.enum), value);
    } else if (actual.type !== undefined) {
      const isNullable = Array.isArray(actual.type);
      if (isNullable && value === null) return;
      this[isNullable ? actual.type[0] : actual.type](actual, value, path, depth);
    }
  }

  null(_schema, value, path) {
    if (value !== null) this.wrong(path, 'null', value);
  }

  boolean(_schema, value, path) {
    if (typeof value !== 'boolean') this.wrong(path, 'a boolean', value);
  }

  integer(schema, value, path) {
    if (typeof value !== 'number' || (Number.isFinite(value) && !Number.isInteger(value))) {
      return this.wrong(path, 'an integer', value);
    }
    const [low, high] = [schema.minimum ?? -SAFE, schema.maximum ?? SAFE];
    if (!Number.isSafeInteger(value)) this.add(path, `integers beyond ±${SAFE} are not exact, found ${shown(value)}`);
    else if (value < low || value > high) this.add(path, `expected an integer from ${low} to ${high}, found ${value}`);
  }

  number(_schema, value, path) {
    if (typeof value !== 'number') this.wrong(path, 'a number', value);
    else if (!Number.isFinite(value)) this.add(path, `a number of 64 bits cannot be ${shown(value)}`);
  }

  string(schema, value, path) {
    if (typeof value !== 'string') return this.wrong(path, 'a string', value);
    if (schema.contentEncoding === 'base64') {
      if (value.length % 4 !== 0 || !BASE64.test(value)) this.wrong(path, 'Base64', value);
    } else if (schema.format !== undefined) {
      const [pattern, expected] = FORMATS[schema.format];
      const match = pattern.exec(value);
      if (match === null || (schema.format.startsWith('date') && !isDate(match[1]))) this.wrong(path, expected, value);
    }
  }

  array(schema, value, path, depth) {
    if (!Array.isArray(value)) return this.wrong(path, 'a list', value);
    for (let index = 0; index < value.length && !this.isFull; index += 1) {
      this.value(schema.items ?? {}, value[index], `${path}[${index}]`, depth + 1);
    }
  }

  object(schema, value, path, depth) {
    if (!isObject(value)) return this.wrong(path, 'an object', value);
    if (schema.properties !== undefined) return this.fields(schema, value, path, depth);
    for (const name of Object.keys(value)) {
      if (this.isFull) return;
      this.value(schema.additionalProperties ?? {}, value[name], join(path, name), depth + 1);
    }
  }

  /** Checks the fields of an object, of which `tag` has been checked. */
  fields(schema, value, path, depth, tag) {
    const names = Object.keys(schema.properties).filter((name) => name !== tag).sort(byCodePoint);
    const required = schema.required ?? [];
    for (const name of names) {
      if (Object.hasOwn(value, name)) this.value(schema.properties[name], value[name], join(path, name), depth + 1);
      else if (required.includes(name)) this.add(path, `the field \`${name}\` is missing`);
    }
    if (!this.isClosed) return;
    for (const name of Object.keys(value)) {
      if (this.isFull) return;
      if (Object.hasOwn(schema.properties, name)) continue;
      const expected = names.length > 0 ? `expected ${oneOf(names)}` : 'there are none';
      this.add(join(path, name), `unknown field, ${expected}`);
    }
  }

  union(schema, value, path, depth) {
    const tag = schema.discriminator.propertyName;
    if (!isObject(value)) return this.wrong(path, 'an object', value);
    if (!Object.hasOwn(value, tag)) return this.add(path, `the field \`${tag}\` is missing`);
    const variant = schema.oneOf.find((each) => each.properties[tag].const === value[tag]);
    if (variant !== undefined) return this.fields(variant, value, path, depth, tag);
    const tags = schema.oneOf.map((each) => each.properties[tag].const).sort(byCodePoint);
    return this.wrong(join(path, tag), oneOf(tags), value[tag]);
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The order of Rust and Python: `sort` of JavaScript compares UTF-16. */
function byCodePoint(one, other) {
  const [a, b] = [[...one], [...other]];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    if (a[index] !== b[index]) return a[index].codePointAt(0) - b[index].codePointAt(0);
  }
  return a.length - b.length;
}

function isDate(text) {
  const [year, month, day] = text.split('-').map(Number);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [0, 31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month];
}

function join(path, name) {
  const short = shorten(name);
  return /^[\p{Alphabetic}\p{N}_-]+$/u.test(name) ? `${path}.${short}` : `${path}["${short}"]`;
}

function oneOf(values) {
  const texts = values.slice(0, 10).map((value) => `\`${value}\``);
  if (values.length === 1) return texts[0];
  const more = values.length > 10 ? ` and ${values.length - 10} more` : '';
  return `one of ${texts.join(', ')}${more}`;
}

function shown(value) {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `\`"${shorten(value)}"\``;
  if (typeof value === 'number' || typeof value === 'boolean') return `\`${value}\``;
  return Array.isArray(value) ? 'a list' : 'an object';
}

function shorten(text) {
  const chars = [...text.slice(0, 2 * MAX_SHOWN_CHARS + 2)];
  return chars.length <= MAX_SHOWN_CHARS ? text : `${chars.slice(0, MAX_SHOWN_CHARS).join('')}…`;
}
