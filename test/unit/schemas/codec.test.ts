// Every record, there and back, across one schema version in both directions, and damaged.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Codec, type Codecs, openCodecs } from '../../../schemas/codec.ts';
import {
  currentTypes,
  formerTypes,
  openTypes,
  type SchemaName,
  schemaFolder,
  schemaNames,
  schemaVersion,
} from '../../../schemas/types.ts';
import {
  anyHistory,
  anyJob,
  anyMessage,
  anyPartRecord,
  anyReply,
  anyResultRecord,
  anyTaskRecord,
} from '../../support/arbitrary-records.ts';

/** Nested records, which no version may change. */
const nested: readonly SchemaName[] = ['failure', 'job-request'];

/** The next version as the rule allows it: a field with a default at the end of each record. */
const nextTypes = openTypes(schemaFolder, (name, text) => {
  if (nested.includes(name)) return text;
  const schema = JSON.parse(text);
  schema.fields.push({ name: 'added', type: 'string', default: 'nothing yet' });
  return JSON.stringify(schema);
});

const current = openCodecs(schemaVersion, currentTypes, formerTypes);
const next = openCodecs(schemaVersion + 1, nextTypes, new Map([[schemaVersion, currentTypes]]));

/** Before the body of a record that is not compressed (schemas/README.md). */
const frameBytes = 6;

interface Kind<T> {
  /** The files of schemas/ that it stands for. */
  readonly schemas: readonly SchemaName[];
  readonly values: fc.Arbitrary<T>;
  readonly pick: (codecs: Codecs) => Codec<T>;
  readonly name: string;
}

function laws<T>({ schemas, values, pick, name }: Kind<T>): void {
  describe(`${name} (${schemas.join(', ')})`, () => {
    const now = pick(current);
    const later = pick(next);

    test('comes back as it went in', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(now.decode(now.encode(value))).toEqual(value);
        }),
      );
    });

    test('an old reader reads what a newer writer wrote', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(now.decode(later.encode(value))).toEqual(value);
        }),
      );
    });

    test('a new reader reads what an older writer wrote', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(later.decode(now.encode(value))).toEqual(value);
        }),
      );
    });

    test('bytes that are cut short or changed are an error that names the record', () => {
      fc.assert(
        fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, change) => {
          const bytes = now.encode(value);
          const cut = bytes.subarray(0, place % bytes.length);
          expect(() => now.decode(cut)).toThrow(`A ${name} of ${cut.length} bytes cannot be read`);
          const changed = Uint8Array.from(bytes);
          const at = place % bytes.length;
          changed[at] = (changed[at] ?? 0) ^ change;
          expect(() => now.decode(changed)).toThrow(`A ${name} of ${bytes.length} bytes`);
        }),
      );
    });
  });
}

laws({
  name: 'message (topic inbox)',
  schemas: ['command', 'level', 'job-request', 'failure'],
  values: anyMessage,
  pick: (codecs) => codecs.message,
});
laws({
  name: 'job (topic jobs)',
  schemas: ['job'],
  values: anyJob,
  pick: (codecs) => codecs.job,
});
laws({
  name: 'fact (topic history)',
  schemas: ['history'],
  values: anyHistory,
  pick: (codecs) => codecs.history,
});
laws({
  name: 'reply (topic replies)',
  schemas: ['reply'],
  values: anyReply,
  pick: (codecs) => codecs.reply,
});
laws({
  name: 'task slice (topic tasks)',
  schemas: ['task-slice'],
  values: anyTaskRecord,
  pick: (codecs) => codecs.taskRecord,
});
laws({
  name: 'result slice (topic results)',
  schemas: ['result-slice'],
  values: anyResultRecord,
  pick: (codecs) => codecs.resultRecord,
});
laws({
  name: 'part (topic parts)',
  schemas: ['part'],
  values: anyPartRecord,
  pick: (codecs) => codecs.partRecord,
});

describe('the rule of evolution', () => {
  test('a new reader finds the default where an older writer had no field', () => {
    const resolver = nextTypes.part.createResolver(currentTypes.part);
    const row = {
      kind: 'part',
      partition: 0,
      status: 'failed',
      key: 'k',
      md5: '',
      rows: 1,
      bytes: 2,
      reason: '',
      succeeded: 0,
      failed: 0,
      problem: null,
    };
    const bytes = currentTypes.part.toBuffer(row);
    expect(nextTypes.part.fromBuffer(bytes, resolver)).toMatchObject({
      ...row,
      added: 'nothing yet',
    });
  });

  const versions = Array.from({ length: schemaVersion }, (_, index) => index + 1);
  const pairs = versions.flatMap((version) => schemaNames.map((name) => ({ version, name })));

  test.each(pairs)(
    '$name only grew at its end since version $version, with defaults',
    ({ version, name }) => {
      const frozen = JSON.parse(
        readFileSync(new URL(`v${version}/${name}.avsc`, schemaFolder), 'utf8'),
      );
      const today = JSON.parse(readFileSync(new URL(`${name}.avsc`, schemaFolder), 'utf8'));
      const { fields, ...head } = today;
      const { fields: frozenFields, ...frozenHead } = frozen;
      expect(head).toEqual(frozenHead);
      expect(fields.slice(0, frozenFields.length)).toEqual(frozenFields);
      const added = fields.slice(frozenFields.length);
      if (nested.includes(name) || version === schemaVersion) expect(added).toEqual([]);
      for (const field of added) expect(field).toHaveProperty('default');
    },
  );

  test('what version 1 wrote is read: a job has the tags of its request, and no generator', () => {
    const firstTypes = openTypes(new URL('v1/', schemaFolder));
    const first = openCodecs(1, firstTypes, new Map());
    const bodyOf = (frame: Uint8Array) => Buffer.from(frame.subarray(frameBytes));
    fc.assert(
      fc.property(anyJob, (job) => {
        fc.pre(job.request.manifest.format !== 'generated');
        const before = { ...job, tags: job.request.tags };
        expect(current.job.decode(first.job.encode(job))).toEqual(before);
        const { value } = firstTypes.job.decode(bodyOf(current.job.encode(before)), 0);
        const { id, endingMs } = job;
        expect(value).toMatchObject({ id, endingMs });
      }),
    );
    fc.assert(
      fc.property(anyMessage, (message) => {
        fc.pre(message.kind !== 'tags');
        fc.pre(message.kind !== 'create' || message.request.manifest.format !== 'generated');
        expect(current.message.decode(first.message.encode(message))).toEqual(message);
        const { value } = firstTypes.message.decode(bodyOf(current.message.encode(message)), 0);
        const { kind, jobId } = message;
        expect(Object.values(value)).toMatchObject([{ kind, jobId }]);
      }),
    );
  });
});

describe('what a build does not know', () => {
  const reply = { kind: 'refused', commandId: 'c', code: 'x', message: 'y' } as const;

  test('a schema version that nobody wrote is refused', () => {
    const missing = schemaVersion + 1;
    const later = openCodecs(missing + 1, nextTypes, new Map([[missing, currentTypes]]));
    expect(() => later.reply.decode(current.reply.encode(reply))).toThrow(
      `schema version ${schemaVersion} is unknown to this build`,
    );
  });

  test('an old record that is cut short inside an intact frame is refused', () => {
    const shorter = openTypes(schemaFolder, (name, text) => {
      const schema = JSON.parse(text);
      if (name === 'reply') schema.fields.pop();
      return JSON.stringify(schema);
    });
    const writer = openCodecs(schemaVersion, shorter, new Map());
    const later = openCodecs(
      schemaVersion + 1,
      nextTypes,
      new Map([[schemaVersion, currentTypes]]),
    );
    expect(() => later.reply.decode(writer.reply.encode(reply))).toThrow('it is cut short');
    expect(() => current.reply.decode(writer.reply.encode(reply))).toThrow('it is cut short');
  });

  test('a value that the schema cannot hold is refused when it is written', () => {
    const level = { kind: 'prepared', jobId: 'j', turn: 0, total: 1.5 } as const;
    expect(() => current.message.encode(level)).toThrow();
  });

  test('a slice whose header and entries differ is refused', () => {
    const slice = { kind: 'slice', succeeded: 1, failed: 0, csvBytes: 1, results: [] } as const;
    expect(() => current.resultRecord.decode(current.resultRecord.encode(slice))).toThrow(
      'its header says 1 + 0 of 0 results',
    );
  });
});
