// The file of access keys: what is read, and how mistakes are told without showing a secret.
import { expect, test } from 'vitest';
import { parseKeys } from '../../../services/control/auth/keys.ts';

const good = { accessKeyId: 'AKID', secretAccessKey: 'secret-secret', accountId: '123456789012' };

test('keys are found by their id, and their accounts are known', () => {
  const second = { ...good, accessKeyId: 'AKID2', accountId: '012345678901' };
  const answer = parseKeys(JSON.stringify([good, second, { ...good, accessKeyId: 'AKID3' }]));
  if (answer.kind !== 'keys') throw new Error(answer.problems.join());
  expect(answer.keys.find('AKID2')?.accountId).toBe('012345678901');
  expect(answer.keys.find('nobody')).toBeUndefined();
  expect(answer.keys.find('__proto__')).toBeUndefined();
  expect(answer.keys.accountIds).toEqual(['123456789012', '012345678901']);
});

test.each([
  ['no JSON', 'hidden-secret {', 'JSON list'],
  ['an object', '{}', 'JSON list'],
  ['an empty list', '[]', 'at least one'],
  ['an entry that is no object', '["hidden-secret"]', 'Entry 1: accessKeyId'],
  ['a policy', JSON.stringify([{ ...good, policy: {} }]), 'policies are not built yet'],
  ['an unknown member', JSON.stringify([{ ...good, secret: 'hidden-secret' }]), '"secret"'],
  ['a short account', JSON.stringify([{ ...good, accountId: '1' }]), 'accountId must be'],
  ['an account as a number', JSON.stringify([{ ...good, accountId: 1e11 }]), 'accountId must be'],
  ['a slash in the id', JSON.stringify([{ ...good, accessKeyId: 'a/b' }]), 'accessKeyId must be'],
  [
    'a secret with a space',
    JSON.stringify([{ ...good, secretAccessKey: 'hidden secret' }]),
    'secretAccessKey must be',
  ],
  ['a key given twice', JSON.stringify([good, good]), 'Entry 2: accessKeyId AKID stands'],
])('%s is told with its place and without a secret', (_what, text, words) => {
  const answer = parseKeys(text);
  if (answer.kind !== 'problems') throw new Error('accepted');
  expect(answer.problems.join(' ')).toContain(words);
  expect(answer.problems.join(' ')).not.toMatch(/hidden|secret-secret/);
});
