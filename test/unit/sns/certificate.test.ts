import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeSelfSigned } from '../../../services/adapters/sns/local/certificate.ts';

test('a certificate is one that OpenSSL reads and finds signed by its own key', async () => {
  const from = Date.UTC(2026, 0, 1);
  const to = Date.UTC(2059, 0, 1);
  const { certificatePem, privateKeyPem } = await makeSelfSigned({
    commonName: 'local topics',
    notBeforeMs: from,
    notAfterMs: to,
    serialNumber: '01ff',
  });
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.verify(createPublicKey(createPrivateKey(privateKeyPem)))).toBe(true);
  expect(certificate.subject).toBe('CN=local topics');
  expect(certificate.issuer).toBe('CN=local topics');
  expect(Date.parse(certificate.validFrom)).toBe(from);
  expect(Date.parse(certificate.validTo)).toBe(to);
  expect(certificate.serialNumber).toBe('01FF');
});
