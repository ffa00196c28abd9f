// The key that signs what local topics send, with its self-signed certificate: made once per
// installation, under a claim, so that two processes that start together do not make two: whose
// claim is taken over finds the key that the other has made, or makes it after all.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { isLogError, type Log } from '../../../core/log.ts';
import { snsTopicsTopic } from '../../../core/names.ts';
import { makeSelfSigned } from './certificate.ts';
import { encodeRecord, type SigningKeyRecord, signingKeyKey } from './record.ts';
import type { TopicRegistry } from './registry.ts';

const claimIdentity = 'sns-signing-key';
const validDays = 3650;
const dayMs = 86_400_000;
const nameDigits = 32;
const serialBytes = 16;
/** More than the other process needs to commit, so that two do not fence each other for ever. */
const fencedMs = 1_000;

interface Ports {
  readonly log: Log;
  readonly clock: Clock;
  readonly registry: TopicRegistry;
}

export async function ensureSigningKey(
  ports: Ports,
  signal: AbortSignal,
): Promise<SigningKeyRecord> {
  for (;;) {
    try {
      return await makeOnce(ports, signal);
    } catch (error) {
      if (!isLogError(error) || error.failure !== 'fenced' || signal.aborted) throw error;
    }
    await ports.clock.sleep(fencedMs, signal);
    await ports.registry.caughtUp(signal);
  }
}

async function makeOnce(
  { log, clock, registry }: Ports,
  signal: AbortSignal,
): Promise<SigningKeyRecord> {
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
  const made = await makeSelfSigned({
    commonName: 's3batch local topics',
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + validDays * dayMs,
    // Led by 01: never negative, never with a superfluous zero in front.
    serialNumber: `01${randomBytes(serialBytes).toString('hex')}`,
  });
  const digest = createHash('sha256').update(made.certificatePem).digest('hex');
  return {
    kind: 'signing-key',
    name: `SimpleNotificationService-${digest.slice(0, nameDigits)}.pem`,
    ...made,
  };
}
