import { describe, expect, it } from 'vitest';
import { parseListPage } from '../../../services/adapters/s3/list-page.ts';

function page(inside: string): string {
  return `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</ListBucketResult>`;
}

function object(key: string): string {
  return `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&#34;e&#34;</ETag><Size>7</Size></Contents>`;
}

describe('a page of a listing', () => {
  it('decodes names that the server encoded, and a plus as a space', () => {
    const xml = page(`<EncodingType>url</EncodingType>${object('a+b%2Bc%0A%25')}`);
    expect(parseListPage(xml, '')?.objects).toEqual([
      { key: 'a b+c\n%', etag: 'e', bytes: 7, lastModifiedMs: Date.UTC(2026, 0, 1) },
    ]);
  });

  it('leaves names alone where the server did not encode them', () => {
    expect(parseListPage(page(object('a+b%2B &amp; 007')), '')?.objects[0]?.key).toBe(
      'a+b%2B &amp; 007'.replace('&amp;', '&'),
    );
  });

  it('goes on behind the last name, be it a key or a common prefix', () => {
    const isTruncated = '<IsTruncated>true</IsTruncated>';
    const prefix = '<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>';
    expect(parseListPage(page(isTruncated + object('c') + prefix), '')?.next).toBe('c');
    expect(parseListPage(page(isTruncated + object('a') + prefix), '')?.next).toBe('b/\u{10FFFF}');
    expect(parseListPage(page(object('c')), '')?.next).toBeNull();
  });

  it('drops a common prefix that the server gives a second time', () => {
    const prefix = '<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>';
    expect(parseListPage(page(prefix), 'b/\u{10FFFF}')?.commonPrefixes).toEqual([]);
  });

  it('is null for anything that is no listing', () => {
    expect(parseListPage('<html><body>hello</body></html>', '')).toBeNull();
    expect(parseListPage(page('<Contents><Size>1</Size></Contents>'), '')).toBeNull();
  });

  it('is null for a listing that was cut off, and for XML that the parser refuses', () => {
    const listing = page(object('c'));
    expect(parseListPage(listing.slice(0, listing.indexOf('</Key>')), '')).toBeNull();
    const entity = `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(20_000)}">]>${listing}`;
    for (const xml of [
      entity,
      page('<a>'.repeat(5_000) + '</a>'.repeat(5_000)),
      page('<__proto__>1</__proto__>'),
      page('<![CDATA[ c'),
    ]) {
      expect(parseListPage(xml, '')).toBeNull();
    }
  });
});
