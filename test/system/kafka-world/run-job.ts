// One job of the Kafka world: created, struck by its faults, each in its phase, and judged when it is
// over: by the script that shares no code with the services, by an independent reader of its results,
// and by how long it stood still.
import { isOver, untilOver, untilPhase } from '../../support/killed-job.ts';
import { compare } from './compare-readers.ts';
import { type Fault, faultText, strike } from './faults.ts';
import type { JobWatch } from './observer.ts';
import { type Recovery, recoveredAt, type Watched, watchRecovery } from './recovery.ts';
import type { World } from './world.ts';

const jobMsMax = 300_000;
const differencesShown = 3;

/** A fault that was under way, for whoever asks what else was. */
interface Span {
  readonly fromMs: number;
  toMs: number;
}

export interface JobEnd {
  readonly isGood: boolean;
  readonly struck: number;
  /** Kinds and phases of what struck it. */
  readonly hits: readonly string[];
  readonly recoveries: readonly Recovery[];
  readonly aborted: number;
}

/** lasting: the job may recover from that fault before the next one strikes. */
export async function runJob(
  world: World,
  index: number,
  faults: readonly Fault[],
  lasting: readonly boolean[],
): Promise<JobEnd> {
  const job = await world.create(index);
  const { jobId } = job;
  const describe = () => world.describe(jobId);
  const watching = untilPhase(describe, 'Active', 0).then(() => world.observer.watch(jobId));
  const spans: Span[] = [];
  const watched: { readonly span: Span; readonly recovery: Watched }[] = [];
  const hits: string[] = [];
  const striking: Promise<void>[] = [];
  let brokerFree: Promise<void> = Promise.resolve();
  let struck = 0;

  async function strikeNow(fault: Fault, status: string, watch: JobWatch | null): Promise<void> {
    const { kind, slot } = fault;
    const isWorker = kind === 'kill' && slot?.service === 'worker' && status === 'Active';
    const held = isWorker ? await world.observer.holders(jobId).catch(() => null) : null;
    const span: Span = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    spans.push(span);
    await strike(world, fault);
    const endMs = performance.now();
    span.toMs = endMs;
    const lanes = kind === 'broker' ? 'all' : (held?.get(slot?.address ?? '') ?? []);
    const [what, atMs] =
      kind === 'broker' ? (['broker', endMs] as const) : (['worker', span.fromMs] as const);
    if (watch === null || lanes.length === 0) return;
    const recovery = await watchRecovery(world.observer, what, jobId, atMs, lanes);
    if (recovery !== null) watched.push({ span, recovery });
  }

  for (const [at, fault] of faults.entries()) {
    const { status, succeeded, failed } = await untilPhase(
      describe,
      fault.phase,
      fault.phase === 'Active' ? fault.done : 0,
    );
    // Over before its time: what is left strikes the next job.
    if (isOver(status)) break;
    struck += 1;
    const watch = status === 'Active' ? await watching : null;
    console.log(
      `  job ${index} (${job.kind}) ${status}, ${succeeded + failed} done: ${faultText(fault)}`,
    );
    hits.push(fault.kind, status);
    const strikeIt = () => strikeNow(fault, status, watch);
    const under = fault.kind === 'broker' ? brokerFree.then(strikeIt) : strikeIt();
    if (fault.kind === 'broker') brokerFree = under;
    striking.push(under);
    if (lasting[at] === true && watch !== null) {
      await under;
      const [place] = watched.findLast(({ span }) => span === spans.at(-1))?.recovery.from ?? [];
      if (place !== undefined) await watch.reached(...place);
    }
  }
  await Promise.all(striking);
  for (const { proxy } of world.slots) proxy.judge();
  const startMs = performance.now();
  const { isComplete, job: last } = await untilOver(describe, jobMsMax);
  if (!isComplete) {
    console.log(
      `  BAD: job ${jobId} is ${last.status}: ${last.failureReason} ${JSON.stringify(last)}`,
    );
    return { isGood: false, recoveries: [], hits, struck, aborted: 0 };
  }
  const watch = await watching;
  const { isGood, text } = await world.check(jobId, job.effect);
  const readers = await compareReaders(world, jobId, watch);
  await watch.end();
  console.log(
    `  ${isGood && readers.isGood ? 'good' : 'BAD'}: job ${index} ${job.kind}, over ` +
      `${Math.round(performance.now() - startMs)} ms after its last fault: ${text}; ${readers.text}`,
  );
  const records = watch.records();
  const recoveries = watched.flatMap(({ span, recovery }): readonly Recovery[] => {
    const backMs = recoveredAt(recovery, records);
    if (backMs === null) return [];
    const isAlone = spans.every(
      (other) => other === span || other.toMs < span.fromMs || other.fromMs > backMs,
    );
    return [{ what: recovery.what, tookMs: backMs - recovery.atMs, isAlone }];
  });
  for (const { what, tookMs, isAlone } of recoveries) {
    console.log(`  recovery (${what}${isAlone ? ', alone' : ''}): ${Math.round(tookMs)} ms`);
  }
  return { isGood: isGood && readers.isGood, recoveries, hits, struck, aborted: readers.aborted };
}

async function compareReaders(world: World, jobId: string, watch: JobWatch) {
  const reading = await world.readIndependently(jobId);
  const lasts = new Map<number, bigint>();
  for (const { partition, offset } of reading.records) {
    const before = lasts.get(partition) ?? -1n;
    if (offset > before) lasts.set(partition, offset);
  }
  await Promise.all([...lasts].map(([partition, offset]) => watch.reached(partition, offset)));
  const { differences, committed, aborted } = compare(reading, watch.records());
  const shown = differences.slice(0, differencesShown).map((one) => `; ${one}`);
  return {
    isGood: differences.length === 0,
    aborted,
    text:
      `librdkafka read ${committed} records, ${aborted} aborted ones not, ` +
      `${differences.length} differences${shown.join('')}`,
  };
}
