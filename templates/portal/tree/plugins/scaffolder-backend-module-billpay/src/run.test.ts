import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { run } from './run';

let home: string;
let said: string[];

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'run-test-'));
  said = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Runs a shell script in billpay's place. */
async function script(text: string, given: Partial<Parameters<typeof run>[0]> = {}) {
  const binary = path.join(home, 'billpay');
  await writeFile(binary, `#!/bin/sh\n${text}\n`);
  await chmod(binary, 0o755);
  return run({ binary, args: [], home, timeoutSeconds: 20, log: line => said.push(line), ...given });
}

test('answers go in by standard input, and nothing is read by a shell', async () => {
  const out = await script('cat; printf "%s" "$1"', { input: '{"a":"$(id)"}', args: ['; id'] });
  assert.equal(out, '{"a":"$(id)"}; id');
});

test('the secrets of the portal stay with it', async () => {
  process.env.POSTGRES_PASSWORD = 'hush';
  try {
    assert.doesNotMatch(await script('env'), /hush|POSTGRES/);
  } finally {
    delete process.env.POSTGRES_PASSWORD;
  }
});

test("what is wrong is said in billpay's words", async () => {
  const error = JSON.stringify({ error: { heading: 'no such template', details: ['nope'], hints: ['try list'] } });
  await assert.rejects(script(`echo '${error}'; echo aside >&2; exit 1`), /no such template\nnope\nhint: try list/);
  assert.deepEqual(said, ['aside']);
});

test('a program that is not there is named', async () => {
  await assert.rejects(script('', { binary: '/no/billpay' }), /\/no\/billpay can't be run/);
});

test('a run ends when its time is over, and what it started ends too', async () => {
  const late = path.join(home, 'late');
  await assert.rejects(script(`(sleep 1; touch ${late}) & wait`, { timeoutSeconds: 0.1 }), /longer than 0.1 s/);
  await new Promise(resolve => setTimeout(resolve, 1500));
  await assert.rejects(rm(late), /ENOENT/);
});

test('a run ends with its task', async () => {
  const task = new AbortController();
  setTimeout(() => task.abort(), 100);
  await assert.rejects(script('sleep 30', { signal: task.signal }), /cancelled/);
});
