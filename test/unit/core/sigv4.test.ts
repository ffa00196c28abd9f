// The examples of the S3 API reference, "Authenticating requests: using the Authorization header".
import { createHmac, hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  canonicalRequest,
  encodeRfc3986,
  type Hashing,
  type SignedRequest,
  scopeText,
  signature,
  signingKey,
} from '../../../services/core/sigv4.ts';

const hashing: Hashing = {
  sha256Hex: (data) => hash('sha256', data, 'hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
};
const scope = { date: '20130524', region: 'us-east-1', service: 's3' };
const amzDate = '20130524T000000Z';
const key = signingKey(hashing, 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', scope);
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function request(
  method: string,
  path: string,
  query: string,
  more: Readonly<Record<string, string>> = {},
  payloadHash = empty,
): SignedRequest {
  const headers: Record<string, string> = {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': amzDate,
    ...more,
  };
  return { method, path, query, headers, signedHeaders: Object.keys(headers).sort(), payloadHash };
}

function signed(one: SignedRequest): string {
  return signature(hashing, key, scope, amzDate, one);
}

describe('a signature', () => {
  it('of a ranged GET is the one in the reference', () => {
    expect(signed(request('GET', '/test.txt', '', { range: 'bytes=0-9' }))).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('of a PUT is the one in the reference', () => {
    const more = {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    };
    const payload = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
    expect(signed(request('PUT', '/test%24file.text', '', more, payload))).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  it('of a sub-resource without a value is the one in the reference', () => {
    expect(signed(request('GET', '/', 'lifecycle'))).toBe(
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
  });

  it('of a listing is the one in the reference', () => {
    expect(signed(request('GET', '/', 'max-keys=2&prefix=J'))).toBe(
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
  });
});

describe('the canonical form', () => {
  it('is the same in whatever order and spelling a client writes its query', () => {
    const forms = ['b=2&a=%7E&a=%2f', 'a=%2F&b=2&a=~', '&a=/&a=~&&b=2'];
    const canonical = forms.map((query) => canonicalRequest(request('GET', '/', query)));
    expect(new Set(canonical).size).toBe(1);
    expect(canonical[0]).toContain('\na=%2F&a=~&b=2\n');
  });

  it('keeps a repeated pair, and text that cannot be decoded', () => {
    expect(canonicalRequest(request('GET', '/', 'a=1&a=1&b=%ZZ'))).toContain('\na=1&a=1&b=%ZZ\n');
  });

  it('keeps the path as it was sent', () => {
    expect(canonicalRequest(request('GET', '/a//../%2e', ''))).toMatch(/^GET\n\/a\/\/\.\.\/%2e\n/);
    expect(canonicalRequest(request('GET', '', ''))).toMatch(/^GET\n\/\n/);
  });

  it('trims header values and folds spaces, and counts a missing header as empty', () => {
    const one = request('GET', '/', '', { 'x-amz-meta': '  a   b ' });
    expect(canonicalRequest(one)).toContain('\nx-amz-meta:a b\n');
    const missing = { ...one, signedHeaders: ['gone'] };
    expect(canonicalRequest(missing)).toContain('\ngone:\n');
  });
});

describe('encoding', () => {
  it('leaves only the unreserved characters', () => {
    const reserved = "!'()* /+é~-._";
    expect(encodeRfc3986(reserved)).toBe('%21%27%28%29%2A%20%2F%2B%C3%A9~-._');
  });

  it('names the scope as it stands in the credential', () => {
    expect(scopeText(scope)).toBe('20130524/us-east-1/s3/aws4_request');
  });
});
