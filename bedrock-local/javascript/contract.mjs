// Reads the types of a worker from `static event` and `static response`, as JSON Schema. Both are either schemas of a
// library with Standard JSON Schema (zod, valibot, arktype) or JSON Schema itself. The app reads the schema further.

const TARGET = 'draft-2020-12';

/**
 * Returns the contract as an object for JSON: `event` and `response`; or `problem` with `where`, `message` and `help`; or
 * nothing if the class has none of them.
 */
export function contractOf(WorkerClass) {
  const contract = {};
  for (const [root, direction] of [
    ['event', 'input'],
    ['response', 'output'],
  ]) {
    const schema = WorkerClass[root];
    if (schema === undefined) continue;
    try {
      contract[root] = jsonSchemaOf(schema, direction);
    } catch (error) {
      const message = `\`static ${root}\` has no JSON Schema: ${error?.message ?? error}`;
      return { problem: { where: root, message, help: 'use types that JSON has, for example strings for dates' } };
    }
    if (contract[root] === undefined) {
      const message = `\`static ${root}\` is not a schema`;
      return { problem: { where: root, message, help: 'use zod, valibot or arktype, or an object with JSON Schema' } };
    }
  }
  return contract;
}

function jsonSchemaOf(schema, direction) {
  if (schema === null || (typeof schema !== 'object' && typeof schema !== 'function')) return undefined;
  const standard = schema['~standard'];
  if (standard === undefined) {
    const keywords = ['type', 'properties', '$ref', 'enum', 'const', 'anyOf', 'oneOf'];
    return keywords.some((keyword) => keyword in schema) ? schema : undefined;
  }
  const converter = standard.jsonSchema?.[direction];
  if (typeof converter !== 'function') {
    throw new Error(`this version of ${standard.vendor ?? 'the library'} does not implement Standard JSON Schema`);
  }
  return converter.call(standard.jsonSchema, { target: TARGET });
}
