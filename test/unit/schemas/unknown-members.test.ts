// A later build may write members of closed lists that this one does not know: each is named.
import { crc32, zstdCompressSync } from 'node:zlib';
import avro from 'avsc';
import { describe, expect, test } from 'vitest';
import { fromJobRow, toJobRow } from '../../../schemas/job-rows.ts';
import {
  fromCommandRow,
  fromLevelRow,
  fromReplyRow,
  toCommandRow,
  toLevelRow,
  toReplyRow,
} from '../../../schemas/message-rows.ts';
import { recordCodec } from '../../../schemas/record.ts';
import { fromPartRow, fromTaskSliceRow, toPartRow } from '../../../schemas/slice-rows.ts';
import { newJob } from '../../../services/core/new-job.ts';
import { createCommand, decideLimits, statusCommand } from '../../support/job-samples.ts';

describe('a member that this build does not know is refused by name', () => {
  const job = toJobRow(newJob(createCommand('job-1'), decideLimits.frozen, 0));

  test.each([
    ['status', { ...job, status: 'Dreaming' }, 'job status "Dreaming"'],
    ['space', { ...job, space: 'ajar' }, 'space "ajar"'],
    ['line version', { ...job, lineVersion: 2 }, 'line version 2'],
    ['preparation', { ...job, preparation: 'half' }, 'preparation "half"'],
    ['failure', { ...job, preparation: 'failed', preparationFailure: null }, 'is missing'],
    ['operation', request({ operation: 'S3Paint' }), 'operation S3Paint or its parameters'],
    ['parameters', request({ parameters: '{"TagSet":[1]}' }), 'or its parameters'],
    ['format', request({ manifestFormat: 'CSV_2030' }), 'manifest format "CSV_2030"'],
    ['field', request({ manifestFields: ['Size'] }), 'manifest field "Size"'],
    [
      'generator',
      generated('{"SourceBucket":1,"EnableManifestOutput":true}'),
      'manifest generator',
    ],
    ['no generator', generated(null), 'the generator is missing'],
    ['scope', request({ reportScope: 'Some' }), 'report scope "Some"'],
    ['origin', request({ originKind: 'dream' }), 'origin "dream"'],
  ])('job: %s', (_what, row, message) => {
    expect(() => fromJobRow(row)).toThrow(message);
  });

  function generated(generator: string | null) {
    return { ...request({ manifestFormat: 'generated' }), generator };
  }

  function request(changes: object) {
    return { ...job, request: { ...job.request, ...changes } };
  }

  test('messages, replies, parts and slices', () => {
    const command = toCommandRow(statusCommand('j', 'Ready'));
    expect(() => fromCommandRow({ ...command, kind: 'dance' })).toThrow('command "dance"');
    expect(() => fromCommandRow({ ...command, requested: 'Lost' })).toThrow('status "Lost"');
    expect(() => fromCommandRow({ ...command, kind: 'create' })).toThrow('request is missing');
    expect(() => fromCommandRow({ ...command, kind: 'tags' })).toThrow('tags is missing');
    const level = toLevelRow({ kind: 'drained', jobId: 'j', turn: 1, partition: 0 });
    expect(() => fromLevelRow({ ...level, kind: 'bored' })).toThrow('level "bored"');
    expect(() => fromLevelRow({ ...level, kind: 'progress', ended: 'so' })).toThrow('end "so"');
    const reply = toReplyRow({ kind: 'refused', commandId: 'c', code: 'x', message: 'y' });
    expect(() => fromReplyRow({ ...reply, kind: 'shrugged' })).toThrow('reply "shrugged"');
    expect(() => fromReplyRow({ ...reply, kind: 'accepted' })).toThrow('job status ""');
    const part = toPartRow({
      kind: 'end',
      partition: 0,
      reason: 'stopped',
      succeeded: 0,
      failed: 0,
      problem: null,
    });
    expect(() => fromPartRow({ ...part, kind: 'middle' })).toThrow('part "middle"');
    expect(() => fromPartRow({ ...part, reason: 'bored' })).toThrow('end "bored"');
    expect(() => fromPartRow({ ...part, kind: 'part' })).toThrow('part status ""');
    const slice = { end: false, firstOrdinal: 0, count: 1, tasks: [] };
    expect(() => fromTaskSliceRow(slice)).toThrow('its header says 1 entries, it holds 0');
  });
});

test('a frame that claims another compression, or inflates past the limit, is refused', () => {
  const type = avro.Type.forSchema('string');
  const format = { name: 'line', version: 1, type, former: new Map(), compressed: true };
  const same = (text: string) => text;
  const codec = recordCodec<string, string>(format, same, same);
  expect(() => codec.encode('x'.repeat(17 * 1024 * 1024))).toThrow('A line of 17825796 bytes');
  expect(codec.decode(codec.encode('x'.repeat(1_000_000)))).toHaveLength(1_000_000);
  expect(() => codec.decode(frame(2, type.toBuffer('x')))).toThrow('compression 2 is unknown');
  const bomb = zstdCompressSync(type.toBuffer('x'.repeat(17 * 1024 * 1024)));
  expect(bomb.length).toBeLessThan(10_000);
  expect(() => codec.decode(frame(1, bomb))).toThrow('A line of');
  expect(codec.decode(frame(0, type.toBuffer('plain')))).toBe('plain');
});

/** An intact frame, whatever it claims. */
function frame(compression: number, body: Buffer): Buffer {
  const head = Buffer.from([1, compression]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body, crc32(head)));
  return Buffer.concat([head, checksum, body]);
}
