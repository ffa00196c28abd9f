// One look at one delivery folder: what stands there, and whether its job is due. The ETags of both
// files are the delivery's fingerprint: what was judged once is not read again until one changes.
import type { Objects, StorageAnswer } from '../../core/storage.ts';
import { deliveryProblem } from './check-delivery.ts';
import { checksumName, manifestName, type Rule } from './rule.ts';

/** Jobs are kept 90 days and tell repeats; older deliveries than this are never started. */
export const deliveryAgeMsMax = 60 * 86_400_000;
const manifestBytesMax = 64 * 1024 * 1024;
const checksumBytesMax = 1_024;

export type Verdict =
  /** No manifest.checksum yet. */
  | { readonly kind: 'unfinished' }
  /** Judged before; nothing has changed. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'too old'; readonly fingerprint: string }
  | { readonly kind: 'rejected'; readonly fingerprint: string; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly kind: 'ready';
      readonly fingerprint: string;
      readonly manifestKey: string;
      readonly etag: string;
    };

export interface Look {
  readonly rule: Rule;
  /** Key of the folder, with the slash at its end. */
  readonly folder: string;
  readonly fingerprint: string | null;
  readonly nowMs: number;
}

export async function examine(objects: Objects, look: Look, signal: AbortSignal): Promise<Verdict> {
  const { rule, folder } = look;
  const checksumAt = { bucket: rule.bucket, key: folder + checksumName, versionId: null };
  const manifestAt = { bucket: rule.bucket, key: folder + manifestName, versionId: null };

  const checksumHead = await objects.head(checksumAt, signal);
  if (isAbsent(checksumHead)) return { kind: 'unfinished' };
  if (checksumHead.kind !== 'ok') return unreachable(checksumAt.key, checksumHead);
  const manifestHead = await objects.head(manifestAt, signal);
  if (manifestHead.kind !== 'ok' && !isAbsent(manifestHead)) {
    return unreachable(manifestAt.key, manifestHead);
  }
  const etag = manifestHead.kind === 'ok' ? manifestHead.value.etag : '';
  const fingerprint = `${checksumHead.value.etag} ${etag}`;
  if (fingerprint === look.fingerprint) return { kind: 'unchanged' };
  if (look.nowMs - checksumHead.value.lastModifiedMs > deliveryAgeMsMax) {
    return { kind: 'too old', fingerprint };
  }
  const rejected = (reason: string): Verdict => ({ kind: 'rejected', fingerprint, reason });
  if (manifestHead.kind !== 'ok')
    return rejected('manifest.checksum is there, manifest.json is not');
  if (checksumHead.value.bytes > checksumBytesMax)
    return rejected('manifest.checksum is too large');
  const { bytes } = manifestHead.value;
  if (bytes > manifestBytesMax) {
    return rejected(`manifest.json has ${bytes} bytes; at most ${manifestBytesMax} are read`);
  }

  const checksum = await readWhole(objects, checksumAt, checksumHead.value, signal);
  if (checksum.kind !== 'ok') return changedOrUnreachable(checksumAt.key, checksum);
  const manifest = await readWhole(objects, manifestAt, manifestHead.value, signal);
  if (manifest.kind !== 'ok') return changedOrUnreachable(manifestAt.key, manifest);
  const problem = deliveryProblem(rule, manifest.value, checksum.value);
  if (problem !== null) return rejected(problem);
  return { kind: 'ready', fingerprint, manifestKey: manifestAt.key, etag };
}

function readWhole(
  objects: Objects,
  at: Parameters<Objects['read']>[0],
  head: { readonly bytes: number; readonly etag: string },
  signal: AbortSignal,
): Promise<StorageAnswer<Uint8Array>> {
  // An empty object has no range to ask for.
  if (head.bytes === 0) return Promise.resolve({ kind: 'ok', value: new Uint8Array() });
  return objects.read(at, { start: 0, end: head.bytes }, head.etag, signal);
}

function isAbsent(answer: StorageAnswer<unknown>): boolean {
  return answer.kind === 'refused' && answer.status === 404 && answer.code !== 'NoSuchBucket';
}

type NoAnswer = Exclude<StorageAnswer<unknown>, { kind: 'ok' }>;

/** Replaced between two requests: the next look sees the new one. */
function changedOrUnreachable(key: string, answer: NoAnswer): Verdict {
  const isChanged = answer.kind === 'refused' && (answer.status === 412 || answer.status === 404);
  return isChanged ? { kind: 'unfinished' } : unreachable(key, answer);
}

function unreachable(key: string, answer: NoAnswer): Verdict {
  return { kind: 'unreachable', reason: `${key}: ${reasonOf(answer)}` };
}

export function reasonOf(answer: NoAnswer): string {
  return answer.kind === 'refused'
    ? `${answer.status} ${answer.code}: ${answer.message}`
    : answer.message;
}
