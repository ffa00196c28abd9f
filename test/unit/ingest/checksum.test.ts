import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openChecksum } from '../../../services/ingest/checksum.ts';

test('the checksum up to a row end does not depend on how the file is cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(60)), { minLength: 1 }),
      (array, cuts) => {
        const file = Buffer.from(array);
        const checksum = openChecksum({ offset: 0, crc: 0 });
        let at = 0;
        let rowsEnd = 0;
        for (const [size, behind] of cuts) {
          const bytes = file.subarray(at, at + size);
          at += bytes.length;
          rowsEnd = Math.max(rowsEnd, at - behind);
          expect(checksum.push(bytes, rowsEnd)).toBe(crc32(file.subarray(0, rowsEnd)));
        }
      },
    ),
  );
});
