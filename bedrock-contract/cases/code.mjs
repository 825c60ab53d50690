// The types of the table as zod writes them. Each is a case: the event that is read from the class.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , reader, tools] = process.argv;
const { contractOf } = await import(pathToFileURL(reader));
const { z } = createRequire(join(tools, 'package.json'))('zod');

const Tree = z.object({
  get children() {
    return z.array(Tree);
  },
});

const events = {
  'integer': z.int(),
  'number': z.number(),
  'map': z.record(z.string(), z.boolean()),
  'object': z.object({ a: z.string().max(5), b: z.int().optional(), c: z.string().nullable(), d: z.string().default('x') }),
  'strict object': z.strictObject({ a: z.string() }),
  'enum': z.enum(['b', 'a']),
  'formats': z.object({ at: z.iso.datetime(), day: z.iso.date(), mail: z.email(), id: z.uuid(), link: z.url(), raw: z.base64() }),
  'union': z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), x: z.number() }),
    z.object({ kind: z.literal('b') }),
  ]),
  'union without a tag': z.union([z.string(), z.int()]),
  'recursion': Tree,
  'tuple': z.tuple([z.string(), z.int()]),
  'date': z.date(),
};

const contracts = Object.entries(events).map(([name, event]) => [name, contractOf(class { static event = event; })]);
process.stdout.write(JSON.stringify(Object.fromEntries(contracts)));
