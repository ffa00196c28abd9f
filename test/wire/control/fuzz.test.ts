// Whatever the bytes are, the answer is a refusal of the error table or a job: never a 500, never
// an unreadable document.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseXml } from '../../../services/control/wire/parse-xml.ts';
import { isRefusalCode } from '../../../services/core/errors.ts';
import { type ControlFront, jobXml, openFront } from '../../support/control-front.ts';

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
      fc.constantFrom('/v20180820/jobs', '/v20180820/jobs/', '/v20180820/jobs/abcde/', '/x/'),
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
