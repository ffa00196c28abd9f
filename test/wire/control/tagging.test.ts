// The tags of a job over real TCP: given to CreateJob, read, replaced and taken away, whatever the
// job's status; and what is refused, each with its code and the member's name.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlFront, jobXml, openFront, otherAccount } from '../../support/control-front.ts';
import { contentOf, type WireAnswer } from '../../support/signed-request.ts';

let front: ControlFront;
beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const jobs = '/v20180820/jobs';
const tag = (key: string, value = 'v'): string =>
  `<member><Key>${key}</Key><Value>${value}</Value></member>`;
const tags = (count: number): string =>
  Array.from({ length: count }, (_, index) => tag(`k${index}`)).join('');

async function create(inside: string): Promise<string> {
  const answer = await front.call('POST', jobs, jobXml({ extra: inside }));
  expect([answer.status, answer.message]).toEqual([200, '']);
  return contentOf(answer.body, 'JobId');
}

function put(id: string, inside: string): Promise<WireAnswer> {
  const body = `<PutJobTaggingRequest><Tags>${inside}</Tags></PutJobTaggingRequest>`;
  return front.call('PUT', `${jobs}/${id}/tagging`, body);
}

async function read(id: string): Promise<string> {
  const { status, body } = await front.call('GET', `${jobs}/${id}/tagging`);
  expect(status).toBe(200);
  return /<GetJobTaggingResult [^>]*>(.*)<\/GetJobTaggingResult>/.exec(body)?.[1] ?? '';
}

test('tags given to CreateJob are read, replaced as a whole, and taken away', async () => {
  const id = await create(`<Tags>${tag('a', '1')}${tag('b')}</Tags>`);
  expect(await read(id)).toBe(`<Tags>${tag('a', '1')}${tag('b')}</Tags>`);
  const replaced = await put(
    id,
    '<S3Tag><Key>A</Key><Value/></S3Tag>' + tag('ü / é', '_.:/=+-@ 1'),
  );
  expect([replaced.status, replaced.message]).toEqual([200, '']);
  expect(replaced.body).toMatch(/<PutJobTaggingResult xmlns="[^"]*"><\/PutJobTaggingResult>$/);
  expect(await read(id)).toBe(
    `<Tags><member><Key>A</Key><Value/></member>${tag('ü / é', '_.:/=+-@ 1')}</Tags>`,
  );
  const deleted = await front.call('DELETE', `${jobs}/${id}/tagging`);
  expect([deleted.status, deleted.message]).toEqual([200, '']);
  expect(deleted.body).toContain('<DeleteJobTaggingResult ');
  expect(await read(id)).toBe('<Tags/>');
});

test('a job that has ended may be tagged too, and stays as it was', async () => {
  const id = await create('');
  await front.call('POST', `${jobs}/${id}/status?requestedJobStatus=Cancelled`);
  const before = (await front.call('GET', `${jobs}/${id}`)).body;
  expect(contentOf(before, 'Status')).toBe('Cancelled');
  expect((await put(id, tag('late'))).status).toBe(200);
  expect(await read(id)).toBe(`<Tags>${tag('late')}</Tags>`);
  expect((await front.call('GET', `${jobs}/${id}`)).body).toBe(before);
});

test('fifty tags of the greatest length are taken; the repeated token asks for the same job', async () => {
  const longest = Array.from({ length: 50 }, (_, index) =>
    tag(`${index}`.padEnd(128, 'ü'), 'é'.repeat(256)),
  ).join('');
  const token = 'tagged';
  const request = jobXml({ token, extra: `<Tags>${tag('a')}</Tags>` });
  const id = contentOf((await front.call('POST', jobs, request)).body, 'JobId');
  expect((await put(id, longest)).status).toBe(200);
  expect(await read(id)).toBe(`<Tags>${longest}</Tags>`);
  expect(contentOf((await front.call('POST', jobs, request)).body, 'JobId')).toBe(id);
  expect(await read(id)).toBe(`<Tags>${longest}</Tags>`);
});

test.each([
  ['51 tags', tags(51), 'TooManyTagsException', 'at most 50 tags, not 51'],
  ['2,000 tags', tags(2_000), 'TooManyTagsException', 'at most 50 tags, not 2000'],
  ['a key given twice', tag('k') + tag('k'), 'BadRequestException', "the key 'k' twice"],
  ['no key', '<member><Value>v</Value></member>', 'BadRequestException', 'Tags[1].Key is required'],
  ['no value', '<member><Key>k</Key></member>', 'BadRequestException', 'Tags[1].Value is required'],
  ['an empty key', tag(''), 'BadRequestException', 'Tags[1].Key must have from 1 to 128'],
  ['a key of 129', tag('k'.repeat(129)), 'BadRequestException', 'Tags[1].Key must have'],
  ['a value of 257', tag('k', 'v'.repeat(257)), 'BadRequestException', 'Tags[1].Value must have'],
  ['a character S3 does not allow', tag('k', 'a*b'), 'BadRequestException', 'Tags[1].Value'],
])('%s is refused and changes nothing', async (_what, inside, code, words) => {
  const id = await create(`<Tags>${tag('kept')}</Tags>`);
  const answer = await put(id, inside);
  expect([answer.status, answer.code]).toEqual([400, code]);
  expect(answer.message).toContain(words);
  expect(await read(id)).toBe(`<Tags>${tag('kept')}</Tags>`);
});

test('a body that is none, or another, is MalformedXML; one without Tags a bad request', async () => {
  const target = `${jobs}/${await create('')}/tagging`;
  for (const body of ['', 'x', '<Tags/>', '<CreateJobRequest/>']) {
    expect((await front.call('PUT', target, body)).code).toBe('MalformedXML');
  }
  const none = await front.call('PUT', target, '<PutJobTaggingRequest/>');
  expect([none.code, none.message]).toEqual(['BadRequestException', 'Tags is required.']);
});

test('members that are not known are named in the log, and do no harm', async () => {
  const id = await create('');
  const body =
    '<PutJobTaggingRequest><Mode>MERGE</Mode><Tags><member><Key>k</Key><Value>v</Value>' +
    '<Since/></member></Tags></PutJobTaggingRequest>';
  expect((await front.call('PUT', `${jobs}/${id}/tagging`, body)).status).toBe(200);
  expect(await read(id)).toBe(`<Tags>${tag('k')}</Tags>`);
  expect(front.lines.some((line) => line.includes('"Mode","Tags[1].Since"'))).toBe(true);
});

test('the tags of unknown jobs and of another account’s are not found', async () => {
  const id = await create('');
  const body = '<PutJobTaggingRequest><Tags/></PutJobTaggingRequest>';
  for (const [method, sent] of [
    ['GET', ''],
    ['PUT', body],
    ['DELETE', ''],
  ] as const) {
    const missing = await front.call(method, `${jobs}/no-such-job/tagging`, sent);
    expect([missing.status, missing.code]).toEqual([400, 'NotFoundException']);
    const foreign = await front.call(method, `${jobs}/${id}/tagging`, sent, otherAccount);
    expect([foreign.status, foreign.code]).toEqual([400, 'NotFoundException']);
  }
  expect((await front.call('POST', `${jobs}/${id}/tagging`)).code).toBe('MethodNotAllowed');
});
