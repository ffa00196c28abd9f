// Whatever the bytes are, the answer is a refusal of the error table or a job: never a 500, never
// an unreadable document.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseXml } from '../../../services/control/wire/parse-xml.ts';
import type { Shape } from '../../../services/control/wire/shape.ts';
import {
  jobManifest,
  jobOperation,
  jobReport,
  jobTags,
  manifestGenerator,
  putJobTaggingRequest,
} from '../../../services/control/wire/shapes.ts';
import { isRefusalCode } from '../../../services/core/errors.ts';
import { type ControlFront, jobXml, openFront } from '../../support/control-front.ts';
import { operationSamples } from '../../support/operation-samples.ts';
import { contentOf } from '../../support/signed-request.ts';
import { anyElement, xmlOf } from '../../support/wire-elements.ts';

let front: ControlFront;
beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const runs = 300;

async function expectSense(method: string, target: string, body: Uint8Array): Promise<void> {
  const answer = await front.call(method, target, body);
  expect(answer.status).toBeLessThan(500);
  if (answer.status !== 200) expect(isRefusalCode(answer.code)).toBe(true);
  expect(parseXml(new TextEncoder().encode(answer.body)).kind).toBe('element');
}

const sample = jobXml({
  token: 'fuzz',
  extra: '<Description>d</Description><Tags><member><Key>a</Key><Value>b</Value></member></Tags>',
});

test('arbitrary bytes are refused, never a 500', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), (body) =>
      expectSense('POST', '/v20180820/jobs', body),
    ),
    { numRuns: runs },
  );
});

test('a good request with a piece replaced is refused or accepted, never a 500', async () => {
  const pieces = fc.constantFrom(
    '',
    '<',
    '>',
    '&',
    '&amp;',
    '&#0;',
    '<a>',
    '</a>',
    '<member/>',
    '<![CDATA[x]]>',
    '<!-- x -->',
    '<?pi?>',
    '<Operation/>',
    '<constructor/>',
    '<toString>1</toString>',
    '<entry><key/><value/></entry>',
    '\u0000',
    '\ud83d',
    '💾',
    'true',
    '-1',
    '999999999999999999999',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(sample.length),
      fc.nat(30),
      fc.oneof(pieces, fc.string({ maxLength: 20, unit: 'binary' })),
      (start, length, piece) => {
        const spoiled = sample.slice(0, start) + piece + sample.slice(start + length);
        return expectSense('POST', '/v20180820/jobs', new TextEncoder().encode(spoiled));
      },
    ),
    { numRuns: runs },
  );
});

test('a good request with two elements swapped, doubled or dropped is never a 500', async () => {
  const elements = Array.from(sample.matchAll(/<\/?[A-Za-z]+>/g), (found) => found[0]);
  const [first = '', ...texts] = sample.split(/<\/?[A-Za-z]+>/g);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(elements.length - 1),
      fc.nat(elements.length - 1),
      fc.constantFrom('swap', 'double', 'drop'),
      (a, b, how) => {
        const spoiled = [...elements];
        const [x = '', y = ''] = [elements[a], elements[b]];
        if (how === 'swap') [spoiled[a], spoiled[b]] = [y, x];
        else spoiled[a] = how === 'double' ? x + x : '';
        const text = first + spoiled.map((element, at) => element + (texts[at] ?? '')).join('');
        return expectSense('POST', '/v20180820/jobs', new TextEncoder().encode(text));
      },
    ),
    { numRuns: runs },
  );
});

test('arbitrary paths and queries are answered, never a 500', async () => {
  const word = fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[^\u0021-\u007e]/g, ''));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
      fc.constantFrom(
        '/v20180820/jobs',
        '/v20180820/jobs/',
        '/v20180820/jobs/abcde/',
        '/v20180820/jobs/abcde/tagging',
        '/x/',
      ),
      word,
      fc.array(fc.tuple(fc.constantFrom('maxResults', 'nextToken', 'priority', 'x'), word), {
        maxLength: 3,
      }),
      async (method, start, end, pairs) => {
        const query = pairs.map(([name, value]) => `${name}=${value}`).join('&');
        const target = `${start}${end.replaceAll('?', '')}${query === '' ? '' : `?${query}`}`;
        await expectSense(method, target, new Uint8Array());
      },
    ),
    { numRuns: runs },
  );
});

/** Taken: described as a readable document. Refused: by the table of refusals. */
async function expectJob(body: string): Promise<number> {
  const answer = await front.call('POST', '/v20180820/jobs', body);
  expect(answer.status).toBeLessThan(500);
  if (answer.status !== 200) {
    expect(isRefusalCode(answer.code)).toBe(true);
    return answer.status;
  }
  const target = `/v20180820/jobs/${contentOf(answer.body, 'JobId')}`;
  for (const asked of [target, `${target}/tagging`]) {
    const described = await front.call('GET', asked);
    expect(described.status).toBe(200);
    expect(parseXml(new TextEncoder().encode(described.body)).kind).toBe('element');
  }
  return answer.status;
}

const parts = (spoil: boolean) => {
  const part = (shape: Shape, name: string) => anyElement(shape, name, spoil).map(xmlOf);
  const manifest = part(jobManifest, 'Manifest');
  const generator = part(manifestGenerator, 'ManifestGenerator');
  const whole = fc
    .constantFrom(...operationSamples)
    .map(({ xml }) => `<Operation>${xml}</Operation>`);
  // What is not made is jobXml's own.
  return fc.record(
    {
      operation: fc.oneof(whole, part(jobOperation, 'Operation')),
      manifest: spoil
        ? fc.oneof(
            manifest,
            generator,
            fc.tuple(manifest, generator).map(([a, b]) => a + b),
          )
        : fc.oneof(manifest, generator),
      report: part(jobReport, 'Report'),
      extra: part(jobTags, 'Tags'),
    },
    { requiredKeys: [] },
  );
};

/** Of the runs; arbitrary requests break rules that no shape tells of. */
const takenMin = 10;

test('whatever operation, manifest, generator, report and tags the table allows: no 500', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(parts(false), async (made) => {
      if ((await expectJob(jobXml(made))) === 200) taken += 1;
    }),
    { numRuns: runs },
  );
  expect(taken).toBeGreaterThan(takenMin);
});

test('the same with wrong leaves, strange members, some doubled and some gone: no 500', async () => {
  await fc.assert(
    fc.asyncProperty(parts(true), async (made) => {
      await expectJob(jobXml(made));
    }),
    { numRuns: runs },
  );
});

test('each operation with a piece replaced is refused or accepted, never a 500', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...operationSamples),
      fc.nat(2_000),
      fc.nat(30),
      fc.oneof(fc.constantFrom('', '<', '<a/>', '&#1;', '-1', '💾'), fc.string({ maxLength: 20 })),
      async ({ xml }, start, length, piece) => {
        const at = start % xml.length;
        const spoiled = xml.slice(0, at) + piece + xml.slice(at + length);
        await expectJob(jobXml({ operation: `<Operation>${spoiled}</Operation>` }));
      },
    ),
    { numRuns: runs },
  );
});

test('tags of a job, good, wrong and as arbitrary bytes, are never a 500', async () => {
  const { body } = await front.call('POST', '/v20180820/jobs', jobXml());
  const target = `/v20180820/jobs/${contentOf(body, 'JobId')}/tagging`;
  const request = fc
    .boolean()
    .chain((spoil) => anyElement(putJobTaggingRequest, 'PutJobTaggingRequest', spoil))
    .map((element) => new TextEncoder().encode(xmlOf(element)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(request, fc.uint8Array({ maxLength: 200 })), async (sent) => {
      await expectSense('PUT', target, sent);
      await expectSense('GET', target, new Uint8Array());
    }),
    { numRuns: runs },
  );
});
