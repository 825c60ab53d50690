// The driver leaves no folders behind, however the tests end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DRIVER = JSON.stringify(fileURLToPath(new URL('driver.mjs', import.meta.url)));
const START = `
import { test } from 'node:test';
import { Host, probe, workerFolder } from ${DRIVER};
workerFolder({});
`;
const ENDS = {
  'a test that fails': `test('fails', async () => { await new Host({ files: probe('return 1;') }).ready(); throw new Error('no'); });`,
  'a process that exits': `test('exits', () => process.exit(3));`,
  'a process that is terminated': `test('ends', async () => { process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 60_000)); });`,
};

const scratch = mkdtempSync(join(tmpdir(), 'bedrock-driver-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

for (const [name, code] of Object.entries(ENDS)) {
  test(`folders are removed after ${name}`, async () => {
    const folder = mkdtempSync(join(scratch, 'tmp-'));
    const file = join(scratch, 'case.mjs');
    writeFileSync(file, START + code);
    const env = { ...process.env, TMPDIR: folder };
    delete env.NODE_TEST_CONTEXT;
    const child = spawn(process.execPath, [file], { env, stdio: 'ignore' });
    const [status] = await once(child, 'exit');
    assert.notEqual(status, 0);
    assert.deepEqual(readdirSync(folder), []);
  });
}
