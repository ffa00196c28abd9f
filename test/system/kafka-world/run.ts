// npm run kills -- --kafka [--kills N] [--kind kill|stop|broker|cut|all] [--seed S] [--objects N]
// Every service in a process of its own, on one real broker, in front of an S3 that fails now and
// then. Job after job; seeded faults strike while a job is in a chosen phase, several at a time. Two
// who share no code with the services judge each job: a Python script its report and what it did in
// S3, and a librdkafka client what our lanes read of its results.
import { openDice } from '../simulation/instance.ts';
import { type FaultKind, phases, planFault } from './faults.ts';
import { type Recovery, recoveryText } from './recovery.ts';
import { runJob } from './run-job.ts';
import { openWorld, type WorldOptions } from './world.ts';

export interface KafkaKillOptions extends WorldOptions {
  readonly kills: number;
  readonly kinds: readonly FaultKind[];
}

const faultsPerJobMax = 6;
/** Of the faults whose recovery is measured, so many are let recover before the next one. */
const alonePerMille = 600;

/** How many things were bad. */
export async function runKafkaKills(options: KafkaKillOptions): Promise<number> {
  await using world = await openWorld(options);
  const { kills, seed, objects, kinds } = options;
  console.log(
    `kills --kafka: seed ${seed}, ${objects} objects a job, ${kills} faults of ${kinds.join(', ')}`,
  );
  const dice = openDice(seed);
  const recoveries: Recovery[] = [];
  const hits = new Map<string, number>();
  let struck = 0;
  let jobs = 0;
  let bad = 0;
  while (struck < kills) {
    jobs += 1;
    const count = Math.min(kills - struck, 1 + dice.below(faultsPerJobMax));
    const faults = Array.from({ length: count }, () =>
      planFault(dice, kinds, world.slots, objects),
    ).toSorted((a, b) => phases.indexOf(a.phase) - phases.indexOf(b.phase) || a.done - b.done);
    const lasting = faults.map(
      ({ kind }) => dice.perMille(alonePerMille) && (kind === 'kill' || kind === 'broker'),
    );
    const ended = await runJob(world, jobs, faults, lasting);
    if (!ended.isGood) bad += 1;
    recoveries.push(...ended.recoveries);
    for (const hit of ended.hits) hits.set(hit, (hits.get(hit) ?? 0) + 1);
    struck += ended.struck;
  }
  await world.fleet.end();
  const { lost, refused, bad: badEnds } = world.fleet.counts;
  const hitText = [...hits].map(([name, count]) => `${name} ${count}`).toSorted();
  console.log(`kills --kafka: ${recoveryText(recoveries, 'worker')}`);
  console.log(`kills --kafka: ${recoveryText(recoveries, 'broker')}`);
  console.log(
    `kills --kafka: ${struck} faults (${hitText.join(', ')}) over ${jobs} jobs, S3 failed ` +
      `${world.s3Faults()} requests; processes that lost the log ${lost}, refused while brokers ` +
      `were away ${refused}, ended otherwise ${badEnds}; ${bad + badEnds} bad`,
  );
  return bad + badEnds;
}
