// A new RSA key with its self-signed X.509 certificate, for subscribers to check signatures with.
// @peculiar/x509 wants reflect-metadata loaded before it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';

export interface CertificateWishes {
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Hex digits. */
  readonly serialNumber: string;
}

export interface KeyWithCertificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
};
const pemLineLength = 64;

export async function makeSelfSigned(wishes: CertificateWishes): Promise<KeyWithCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: wishes.serialNumber,
      name: `CN=${wishes.commonName}`,
      notBefore: new Date(wishes.notBeforeMs),
      notAfter: new Date(wishes.notAfterMs),
      signingAlgorithm: algorithm,
      keys,
    },
    webcrypto,
  );
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    privateKeyPem: pem('PRIVATE KEY', new Uint8Array(privateKey)),
  };
}

function pem(label: string, bytes: Uint8Array): string {
  const text = bytes.toBase64();
  const lines = text.match(new RegExp(`.{1,${pemLineLength}}`, 'g')) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
