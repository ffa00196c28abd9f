import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { selfSignedPem } from '../../../services/adapters/sns/local/certificate.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2_048 });

test.each([
  [Date.UTC(2026, 0, 1), Date.UTC(2036, 0, 1)],
  [Date.UTC(2049, 11, 31), Date.UTC(2059, 0, 1)],
])('a certificate is one that OpenSSL reads and finds signed by its own key', (from, to) => {
  const certificate = new X509Certificate(
    selfSignedPem({
      ...keys,
      commonName: 'local topics',
      notBeforeMs: from,
      notAfterMs: to,
      serial: new Uint8Array(16).fill(255),
    }),
  );
  expect(certificate.verify(keys.publicKey)).toBe(true);
  expect(certificate.subject).toBe('CN=local topics');
  expect(certificate.issuer).toBe('CN=local topics');
  expect(Date.parse(certificate.validFrom)).toBe(from);
  expect(Date.parse(certificate.validTo)).toBe(to);
  expect(certificate.serialNumber).toBe(`01${'FF'.repeat(16)}`);
});
