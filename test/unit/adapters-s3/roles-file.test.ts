import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findProfile, matchesPattern } from '../../../services/adapters/s3/profile.ts';
import { parseRolesFile } from '../../../services/adapters/s3/roles-file.ts';

const arn = 'arn:aws:iam::123456789012:role/worker';

function profiles(text: string) {
  const file = parseRolesFile(text, 'eu-west-1');
  if (file.kind === 'invalid') throw new Error(file.problems.join('; '));
  return file.profiles;
}

function problems(settings: unknown): string {
  const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
  const file = parseRolesFile(text, 'eu-west-1');
  return file.kind === 'invalid' ? file.problems.join('; ') : '';
}

describe('the roles file', () => {
  it('gives an entry for AWS the default chain, host style and safe tagging', () => {
    expect(profiles(JSON.stringify({ [arn]: {} }))).toEqual([
      {
        pattern: arn,
        endpoint: null,
        region: 'eu-west-1',
        credentials: null,
        forcePathStyle: false,
        subresourcesSafe: true,
      },
    ]);
  });

  it('gives an entry with an endpoint path style, and no tagging until vouched for', () => {
    const settings = {
      endpoint: 'http://10.0.0.1:9000',
      region: 'r',
      accessKeyId: 'a',
      secretAccessKey: 's',
    };
    expect(profiles(JSON.stringify({ [arn]: settings }))[0]).toEqual({
      pattern: arn,
      endpoint: 'http://10.0.0.1:9000',
      region: 'r',
      credentials: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: null },
      forcePathStyle: true,
      subresourcesSafe: false,
    });
  });

  it.each([
    ['{', 'not JSON'],
    [[], 'must be a JSON object'],
    [{}, 'names no role'],
    [{ worker: {} }, 'is not a role ARN'],
    [{ [arn]: 'x' }, 'must be an object'],
    [{ [arn]: { endpont: 'http://a' } }, 'unknown member "endpont"'],
    [{ [arn]: { endpoint: 'localhost:9000' } }, 'endpoint must be an http://'],
    [{ [arn]: { endpoint: 'http://u:p@h' } }, 'endpoint must be an http://'],
    [{ [arn]: { endpoint: 'http://:p@h' } }, 'endpoint must be an http://'],
    [{ [arn]: { region: 7 } }, 'region must be a text'],
    [{ [arn]: { forcePathStyle: 'yes' } }, 'forcePathStyle must be true or false'],
    [{ [arn]: { accessKeyId: 'a' } }, 'belong together'],
    [{ [arn]: { sessionToken: 't' } }, 'belong together'],
  ])('refuses %j and says why', (settings, reason) => {
    expect(problems(settings)).toContain(reason);
  });

  it('names the entry, and never a secret', () => {
    const said = problems({ [arn]: { secretAccessKey: 'topsecret', other: 1 } });
    expect(said).toContain(arn);
    expect(said).not.toContain('topsecret');
  });

  it('lets the first entry that fits win', () => {
    const text = JSON.stringify({ [arn]: { region: 'one' }, 'arn:aws:iam::*:role/*': {} });
    expect(findProfile(profiles(text), arn)?.region).toBe('one');
    expect(findProfile(profiles(text), `${arn}2`)?.region).toBe('eu-west-1');
    expect(findProfile(profiles(text), 'arn:aws:iam::1:user/x')).toBeUndefined();
  });
});

describe('a role pattern', () => {
  it('agrees with the regular expression of the same meaning', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(piece, text, (pattern, candidate) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(matchesPattern(pattern, candidate)).toBe(expression.test(candidate));
      }),
    );
  });
});
