// A self-signed X.509 certificate in DER (RFC 5280), just enough for a subscriber to read the
// public key from: version 3, RSA with SHA-256, one common name as issuer and subject, no
// extensions.
import { Buffer } from 'node:buffer';
import { type KeyObject, sign } from 'node:crypto';

export interface CertificateWishes {
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** At most 19 bytes. */
  readonly serial: Uint8Array;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const tags = {
  integer: 0x02,
  bitString: 0x03,
  nothing: 0x05,
  objectId: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;

/** 1.2.840.113549.1.1.11 */
const sha256WithRsa = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b);
/** 2.5.4.3 */
const commonNameId = Uint8Array.of(0x55, 0x04, 0x03);
const version3 = 2;
/** From this year on a time is spelled with four digits (RFC 5280, 4.1.2.5). */
const generalizedFrom = 2050;
const pemLineLength = 64;

export function selfSignedPem(wishes: CertificateWishes): string {
  const algorithm = der(tags.sequence, der(tags.objectId, sha256WithRsa), der(tags.nothing));
  const text = new TextEncoder().encode(wishes.commonName);
  const attribute = der(tags.sequence, der(tags.objectId, commonNameId), der(tags.utf8, text));
  const name = der(tags.sequence, der(tags.set, attribute));
  const body = der(
    tags.sequence,
    der(tags.version, der(tags.integer, Uint8Array.of(version3))),
    der(tags.integer, positive(wishes.serial)),
    algorithm,
    name,
    der(tags.sequence, time(wishes.notBeforeMs), time(wishes.notAfterMs)),
    name,
    wishes.publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('RSA-SHA256', body, wishes.privateKey);
  return pem(der(tags.sequence, body, algorithm, der(tags.bitString, Uint8Array.of(0), signature)));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >> 8, length & 0xff);
}

/** Led by a 1: never negative, never with a superfluous zero in front. */
function positive(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(1, ...bytes);
}

function time(ms: number): Uint8Array {
  const date = new Date(ms);
  const digits = `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  const encoder = new TextEncoder();
  return date.getUTCFullYear() < generalizedFrom
    ? der(tags.utcTime, encoder.encode(digits.slice(2)))
    : der(tags.generalizedTime, encoder.encode(digits));
}

function pem(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64');
  const lines = text.match(new RegExp(`.{1,${pemLineLength}}`, 'g')) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
