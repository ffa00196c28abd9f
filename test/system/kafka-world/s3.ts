// The S3 of the Kafka world: a sandbox that fails the services a few times in a hundred, in each of
// the ways in which a real one does, and never those who set it up and look at what came of it.
import { openSandbox, type Sandbox } from '../../../services/sandbox/open-sandbox.ts';
import type { Dice } from '../simulation/instance.ts';

export const accountId = '123456789012';
export const region = 'us-east-1';
/** The services' own. */
export const serviceKey = { accessKeyId: 'AKIDSERVICES', secretAccessKey: 'services/secret+key' };
/** Of whoever seeds and judges. */
export const judgeKey = { accessKeyId: 'AKIDJUDGE', secretAccessKey: 'judge/secret+key' };
export const buckets = ['source', 'copies', 'manifests', 'reports'] as const;

/** Preparing and Completing last long enough to be hit; the objects themselves are answered at once. */
const sideDelayMs = 150;
const faultsPerMille = 30;

export async function openFailingS3(
  dice: Dice,
): Promise<Sandbox & { readonly faults: () => number }> {
  let faults = 0;
  const sandbox = await openSandbox({
    region,
    credentials: [serviceKey, judgeKey],
    intercept: ({ bucket, headers }) => {
      if (!(headers['authorization'] ?? '').includes(serviceKey.accessKeyId)) return null;
      if (dice.perMille(faultsPerMille)) {
        faults += 1;
        return anyFault(dice);
      }
      const isSide = bucket === 'manifests' || bucket === 'reports';
      return isSide ? { kind: 'delay', durationMs: sideDelayMs } : null;
    },
  });
  return { ...sandbox, faults: () => faults };
}

function anyFault(dice: Dice) {
  const kinds = [
    { kind: 'refuse', code: 'SlowDown', message: 'Please reduce your request rate.' },
    { kind: 'refuse', code: 'InternalError', message: 'We encountered an internal error.' },
    { kind: 'drop' },
    { kind: 'lose' },
  ] as const;
  return kinds[dice.below(kinds.length)] ?? kinds[0];
}
