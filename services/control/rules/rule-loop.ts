// The loop of one rule: it polls for deliveries, looks at once at those an event has named, and
// asks for a job for each that is whole and good. Exactly once, however often a delivery is seen,
// since the job's token is a hash of rule, address and ETag; what is remembered here only saves
// requests.
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { s3Url } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import { isRefusalCode, refusalTable } from '../../core/errors.ts';
import type { JobRequest } from '../../core/job.ts';
import { needsSubresources } from '../../core/operations/registry.ts';
import type { RoleStorage, Roles } from '../../core/storage.ts';
import { openWake } from '../../core/wake.ts';
import type { JobDesk } from '../desk.ts';
import { examine, reasonOf, type Verdict } from './examine.ts';
import { isDeliveryFolder, type Rule, type RuleMetrics } from './rule.ts';

export interface RulePorts {
  readonly desk: JobDesk;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly metrics: RuleMetrics;
  /** Ids of commands and jobs: UUIDs, never the same twice. */
  readonly newId: () => string;
}

export interface RuleLoop {
  readonly rule: Rule;
  /** A delivery to look at now; false if too many wait already. */
  notice(folder: string): boolean;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Deliveries that have their job are looked at again after this long, in case they were replaced.
 */
export const settledRecheckMs = 600_000;
export const noticedMax = 1_000;
const pagesMax = 50;

interface Judged {
  readonly fingerprint: string;
  readonly isSettled: boolean;
  readonly atMs: number;
}

export function openRuleLoop(ports: RulePorts, rule: Rule): RuleLoop {
  const { clock, logger, metrics } = ports;
  const judged = new Map<string, Judged>();
  const noticed = new Set<string>();
  const wake = openWake();
  /** The last trouble told of, so that one that goes on is told once. */
  let trouble: string | null = null;

  function tell(reason: string): void {
    metrics.countDelivery(rule.name, 'unreachable');
    if (reason === trouble) return;
    trouble = reason;
    logger.warn({ rule: rule.name, reason }, 'drop rule cannot look for deliveries');
  }

  async function look(storage: RoleStorage, folder: string, signal: AbortSignal): Promise<void> {
    const fingerprint = judged.get(folder)?.fingerprint ?? null;
    const nowMs = clock.wallMs();
    const verdict = await examine(storage.objects, { rule, folder, fingerprint, nowMs }, signal);
    if (signal.aborted) return;
    await settle(folder, verdict, signal);
  }

  function remember(folder: string, fingerprint: string, isSettled: boolean): void {
    judged.set(folder, { fingerprint, isSettled, atMs: clock.monotonicMs() });
  }

  async function settle(folder: string, verdict: Verdict, signal: AbortSignal): Promise<void> {
    switch (verdict.kind) {
      case 'unfinished':
        return;
      case 'unchanged': {
        const known = judged.get(folder);
        if (known !== undefined) remember(folder, known.fingerprint, known.isSettled);
        return;
      }
      case 'unreachable':
        return tell(verdict.reason);
      case 'too old':
        metrics.countDelivery(rule.name, 'too old');
        return remember(folder, verdict.fingerprint, true);
      case 'rejected':
        return reject(folder, verdict.fingerprint, verdict.reason);
      case 'ready':
        return start(folder, verdict, signal);
    }
  }

  function reject(folder: string, fingerprint: string, reason: string): void {
    metrics.countDelivery(rule.name, 'rejected');
    logger.error(
      { rule: rule.name, delivery: s3Url(rule.bucket, folder), reason },
      'delivery rejected: no job',
    );
    remember(folder, fingerprint, false);
  }

  async function start(
    folder: string,
    ready: Extract<Verdict, { kind: 'ready' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const delivery = s3Url(rule.bucket, ready.manifestKey);
    const clientRequestToken = tokenOf(rule.name, delivery, ready.etag);
    const jobId = ports.newId();
    const reply = await ports.desk.ask(
      {
        kind: 'create',
        commandId: ports.newId(),
        accountId: rule.accountId,
        atMs: clock.wallMs(),
        jobId,
        request: requestOf(rule, ready, clientRequestToken),
        // The token alone: a rule that was edited since must not start the same delivery again.
        requestHash: clientRequestToken,
      },
      signal,
    );
    if (reply.kind === 'accepted') {
      const isNew = reply.jobId === jobId;
      metrics.countDelivery(rule.name, isNew ? 'started' : 'known');
      if (isNew) logger.info({ rule: rule.name, delivery, jobId }, 'delivery started a job');
      return remember(folder, ready.fingerprint, true);
    }
    const isLater = isRefusalCode(reply.code) && refusalTable[reply.code].retryable;
    const reason = `${reply.code}: ${reply.message}`;
    if (isLater) tell(reason);
    else reject(folder, ready.fingerprint, reason);
  }

  function isDue(folder: string): boolean {
    const known = judged.get(folder);
    if (known === undefined || !known.isSettled) return true;
    return clock.monotonicMs() - known.atMs >= settledRecheckMs;
  }

  /** Every folder of deliveries, oldest first; null if the bucket cannot be listed. */
  async function listFolders(
    storage: RoleStorage,
    signal: AbortSignal,
  ): Promise<readonly string[] | null> {
    const folders: string[] = [];
    let startAfter = '';
    for (let page = 0; page < pagesMax; page += 1) {
      const where = { prefix: rule.prefix, delimiter: '/', startAfter };
      const answer = await storage.objects.list(rule.bucket, where, signal);
      if (signal.aborted) return null;
      if (answer.kind !== 'ok') {
        tell(`${s3Url(rule.bucket, rule.prefix)}: ${reasonOf(answer)}`);
        return null;
      }
      folders.push(...answer.value.commonPrefixes.filter((folder) => isFolderOf(rule, folder)));
      if (answer.value.next === null) break;
      startAfter = answer.value.next;
    }
    return folders;
  }

  async function poll(storage: RoleStorage, signal: AbortSignal): Promise<void> {
    const folders = await listFolders(storage, signal);
    if (folders === null) return;
    const present = new Set(folders);
    for (const folder of judged.keys()) if (!present.has(folder)) judged.delete(folder);
    const before = trouble;
    trouble = null;
    for (const folder of folders) {
      if (signal.aborted) return;
      if (isDue(folder)) await look(storage, folder, signal);
    }
    if (before !== null && trouble === null) {
      logger.info({ rule: rule.name }, 'drop rule can look for deliveries again');
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    let pollAtMs = clock.monotonicMs();
    while (!signal.aborted) {
      const woken = AbortSignal.any([signal, wake.next]);
      const storage = usable(ports.roles.resolve(rule.roleArn), rule);
      if (typeof storage === 'string') tell(storage);
      else {
        const named = [...noticed];
        noticed.clear();
        for (const folder of named) await look(storage, folder, signal);
        if (clock.monotonicMs() >= pollAtMs) await poll(storage, signal);
      }
      if (clock.monotonicMs() >= pollAtMs) pollAtMs = clock.monotonicMs() + rule.pollMs;
      if (noticed.size === 0 || typeof storage === 'string') {
        await clock.sleep(pollAtMs - clock.monotonicMs(), woken);
      }
    }
  }

  return {
    rule,
    notice(folder) {
      if (!noticed.has(folder) && noticed.size >= noticedMax) return false;
      noticed.add(folder);
      wake.ring();
      return true;
    },
    run,
  };
}

export function isFolderOf(rule: Rule, folder: string): boolean {
  if (!folder.startsWith(rule.prefix) || !folder.endsWith('/')) return false;
  return isDeliveryFolder(folder.slice(rule.prefix.length, -1));
}

/** A sentence if no job may be started there. */
function usable(storage: RoleStorage | undefined, rule: Rule): RoleStorage | string {
  if (storage === undefined) {
    return `role ${rule.roleArn} is not configured; add it to the file that S3BATCH_ROLES names`;
  }
  if (needsSubresources(rule.operation) && !storage.subresourcesSafe) {
    return (
      `${rule.operation.name} is not sent to ${storage.endpoint}, which is not known to ` +
      'understand object tagging; if it does, say so with S3BATCH_TAGGING_SAFE=true'
    );
  }
  return storage;
}

function tokenOf(rule: string, delivery: string, etag: string): string {
  return createHash('sha256').update(`${rule}\u0000${delivery}\u0000${etag}`).digest('hex');
}

function requestOf(
  rule: Rule,
  ready: Extract<Verdict, { kind: 'ready' }>,
  clientRequestToken: string,
): JobRequest {
  return {
    accountId: rule.accountId,
    roleArn: rule.roleArn,
    priority: rule.priority,
    description: rule.description,
    confirmationRequired: rule.confirmationRequired,
    clientRequestToken,
    operation: rule.operation,
    manifest: {
      format: 'S3InventoryReport_CSV_20161130',
      location: {
        objectArn: `arn:aws:s3:::${rule.bucket}/${ready.manifestKey}`,
        objectVersionId: null,
        etag: ready.etag,
      },
    },
    report: rule.report,
    tags: [],
    topicArn: rule.topicArn,
    origin: { kind: 'rule', rule: rule.name, delivery: s3Url(rule.bucket, ready.manifestKey) },
    bucketsAllowed: rule.buckets,
  };
}
