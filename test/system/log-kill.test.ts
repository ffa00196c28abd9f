// kill -9 between any two statements of the embedded log, n = 1, 2, 3 … until a run passes untouched:
// after the restart everything acknowledged is there, and nothing is there by half.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { connectLog } from '../../services/adapters/log/sqlite/connect.ts';
import { openLogOwner } from '../../services/adapters/log/sqlite/owner.ts';
import { killed } from './log-killed-space.ts';

const committer = fileURLToPath(new URL('log-committer.ts', import.meta.url));
const statementsMax = 1_000;
const forever = new AbortController().signal;

/** What the child acknowledged, and how it ended. */
async function runCommitter(directory: string, atStatement: number) {
  const child = spawn(process.execPath, [committer, directory, `${atStatement}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const ending = Promise.withResolvers<NodeJS.Signals | null>();
  child.on('close', (_code, signal) => ending.resolve(signal));
  child.on('error', ending.reject);
  const signal = await ending.promise;
  return { signal, lines: chunks.join('').split('\n').slice(0, -1) };
}

/** Every record of the space, and the position. */
async function examine(directory: string) {
  const owner = await openLogOwner({ directory });
  try {
    const { log, spaces } = connectLog(owner.port());
    const listed = (await spaces.list()).map(({ space }) => space);
    await spaces.create(killed.space, killed.topics);
    const seen = new Map<string, number[]>();
    for (const { topic } of killed.topics) {
      const fold = ({ key, value }: { key: string; value: Uint8Array | null }) => {
        const round = Number(new TextDecoder().decode(value ?? new Uint8Array()));
        seen.set(key, [...(seen.get(key) ?? []), round]);
      };
      const view = await log.follow(killed.space, topic, fold, forever);
      await view.caughtUp('now', forever);
      await view.release();
    }
    const { position } = await log.claim(killed.space, killed.identity, forever);
    await log.end();
    return { seen, position, listed };
  } finally {
    await owner.end();
  }
}

test('a process killed between any two statements loses nothing acknowledged, keeps no half', async () => {
  const killAt = async (n: number): Promise<boolean> => {
    const directory = mkdtempSync(join(tmpdir(), 's3batch-kill-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const { signal, lines } = await runCommitter(directory, n);
    const untouched = signal === null;
    const { seen, position, listed } = await examine(directory);
    const rounds = Number(position.next);
    const acknowledged = lines.filter((line) => line !== 'dropped').length;
    expect(rounds).toBeGreaterThanOrEqual(acknowledged);
    expect(rounds).toBeLessThanOrEqual(acknowledged + 1);
    const every = Array.from({ length: rounds }, (_, index) => index + 1);
    expect(seen.get('first') ?? []).toEqual(every);
    expect(seen.get('second') ?? []).toEqual(every);
    expect(seen.get('latest') ?? []).toEqual(every.slice(-1));
    expect(position.note).toBe(rounds === 0 ? '' : `round ${rounds}`);
    if (lines.includes('dropped')) expect(listed).not.toContain('job.scratch');
    if (untouched) expect(lines).toEqual([...every.map(String), 'dropped']);
    return untouched;
  };
  for (let n = 1; ; n += 2) {
    expect(n).toBeLessThan(statementsMax);
    const untouched = await Promise.all([killAt(n), killAt(n + 1)]);
    if (untouched.every(Boolean)) return;
  }
});
