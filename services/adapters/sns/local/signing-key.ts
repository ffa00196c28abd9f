// The key that signs what local topics send, with its self-signed certificate: made once per
// installation, under a claim, so that two processes that start together do not make two.
import { createHash, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../../../core/clock.ts';
import type { Log } from '../../../core/log.ts';
import { snsTopicsTopic } from '../../../core/names.ts';
import { encodeRecord, type SigningKeyRecord, signingKeyKey } from './record.ts';
import type { TopicRegistry } from './registry.ts';

const claimIdentity = 'sns-signing-key';
const keyBits = 2048;
const validDays = 3650;
const dayMs = 86_400_000;
const nameDigits = 32;
const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: keyBits,
};

export async function ensureSigningKey(
  ports: { readonly log: Log; readonly clock: Clock; readonly registry: TopicRegistry },
  signal: AbortSignal,
): Promise<SigningKeyRecord> {
  const { log, clock, registry } = ports;
  const known = registry.signingKey();
  if (known !== undefined) return known;
  const writer = await log.claim('control', claimIdentity, signal);
  await registry.caughtUp(signal);
  const other = registry.signingKey();
  if (other !== undefined) {
    await writer.release();
    return other;
  }
  const made = await makeSigningKey(clock.wallMs());
  await writer.commit(
    [{ topic: snsTopicsTopic, partition: 0, key: signingKeyKey, value: encodeRecord(made) }],
    { next: writer.position.next, note: made.name },
  );
  await writer.release();
  await registry.caughtUp(signal);
  return made;
}

async function makeSigningKey(nowMs: number): Promise<SigningKeyRecord> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=s3batch local topics',
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(nowMs - dayMs),
      notAfter: new Date(nowMs + validDays * dayMs),
    },
    webcrypto,
  );
  const certificatePem = certificate.toString('pem');
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const digest = createHash('sha256').update(certificatePem).digest('hex');
  return {
    kind: 'signing-key',
    name: `SimpleNotificationService-${digest.slice(0, nameDigits)}.pem`,
    certificatePem,
    privateKeyPem: x509.PemConverter.encode(privateKey, 'PRIVATE KEY'),
  };
}
