// The examples of the S3 API reference, "Signature calculations for the Authorization header:
// transferring payload in multiple chunks", with and without a trailer.
import { describe, expect, it } from 'vitest';
import { signingKey } from '../../../services/core/sigv4.ts';
import { hashing, type Verified } from '../../../services/sandbox/authenticate.ts';
import { readStreamedBody } from '../../../services/sandbox/streaming-body.ts';

const scope = { date: '20130524', region: 'us-east-1', service: 's3' };
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const signed = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const long = 'a'.repeat(65_536);
const short = 'a'.repeat(1024);

function verified(signature: string): Verified {
  const key = signingKey(hashing, secret, scope);
  return { kind: 'verified', key, scope, amzDate: '20130524T000000Z', signature };
}

const plain = verified('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9');
const framed = [
  `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648`,
  long,
  `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497`,
  short,
  `0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9`,
  '',
  '',
].join('\r\n');

const withTrailer = verified('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');
const framedWithTrailer = [
  `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2`,
  long,
  `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7`,
  short,
  `0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992`,
  'x-amz-checksum-crc32c:sOO8/Q==',
  'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  '',
  '',
].join('\r\n');

describe('a body in signed chunks', () => {
  it('is taken with the signatures of the reference', () => {
    const body = readStreamedBody(Buffer.from(framed), signed, plain);
    expect(body.kind === 'body' ? body.bytes.length : body).toBe(66_560);
  });

  it('is taken with a signed trailer', () => {
    const body = readStreamedBody(Buffer.from(framedWithTrailer), `${signed}-TRAILER`, withTrailer);
    expect(body.kind === 'body' ? body.trailers : body).toMatchObject({
      'x-amz-checksum-crc32c': 'sOO8/Q==',
    });
  });

  it('is refused when a byte, a signature or the trailer was changed', () => {
    const refused = { kind: 'refused', code: 'SignatureDoesNotMatch' };
    const changed = Buffer.from(framed.replace('aaa', 'aba'));
    expect(readStreamedBody(changed, signed, plain)).toMatchObject(refused);
    const forged = Buffer.from(framed.replace('=0055', '=0056'));
    expect(readStreamedBody(forged, signed, plain)).toMatchObject(refused);
    const trailer = Buffer.from(framedWithTrailer.replace('sOO8', 'sOO9'));
    expect(readStreamedBody(trailer, `${signed}-TRAILER`, withTrailer)).toMatchObject(refused);
  });

  it('is refused when it is cut anywhere', () => {
    for (const bytes of [0, 10, 90, 40_000, framed.length - 90]) {
      const cut = Buffer.from(framed.slice(0, bytes));
      expect(readStreamedBody(cut, signed, plain)).toMatchObject({ kind: 'refused' });
    }
  });
});

describe('a body in unsigned chunks with a trailer', () => {
  const kind = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

  it('gives its bytes and its trailer', () => {
    const text = '3\r\nabc\r\n0\r\nX-Amz-Checksum-CRC32:NSRBwg==\r\n\r\n';
    expect(readStreamedBody(Buffer.from(text), kind, plain)).toEqual({
      kind: 'body',
      bytes: Buffer.from('abc'),
      trailers: { 'x-amz-checksum-crc32': 'NSRBwg==' },
    });
  });

  it('is refused when a length is no hexadecimal number or a trailer has no colon', () => {
    for (const text of ['zz\r\nabc\r\n0\r\n\r\n', '3\r\nabcd\r\n0\r\n\r\n', '0\r\nnonsense\r\n']) {
      expect(readStreamedBody(Buffer.from(text), kind, plain)).toMatchObject({
        kind: 'refused',
        code: 'IncompleteBody',
      });
    }
  });
});
