// Answers whether zod reads documents as a JSON Schema. Standard input: a list of pairs, a schema and its documents.
// Standard output: for each pair a list of booleans.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { z } = createRequire(join(process.argv[2], 'package.json'))('zod');

function isRead(schema, text) {
  try {
    return schema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

const answers = JSON.parse(readFileSync(0, 'utf8')).map(([schema, documents]) => {
  const zod = z.fromJSONSchema(schema);
  return documents.map((text) => isRead(zod, text));
});
process.stdout.write(JSON.stringify(answers));
