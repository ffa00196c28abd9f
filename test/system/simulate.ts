// npm run simulate -- [--seeds N] [--first SEED] [--planted]
// Runs one world per seed and judges it. --planted plants each known bug instead and demands that
// some seed finds it: an invariant that cannot fail proves nothing.
import { faultsOf } from './simulation/invariants.ts';
import { type Planted, plantedBugs } from './simulation/planted.ts';
import { runWorld } from './simulation/world.ts';

const words = process.argv.slice(2);
const numberAfter = (name: string, fallback: number): number => {
  const at = words.indexOf(name);
  return at < 0 ? fallback : Number(words[at + 1]);
};
const first = numberAfter('--first', 1);
const seeds = numberAfter('--seeds', 100);
const plantedSeedsMax = 400;
const faultsShown = 3;

async function judge(seed: number, planted: Planted | null) {
  const ending = await runWorld(seed, planted);
  return { ending, faults: await faultsOf(ending) };
}

async function simulate(): Promise<boolean> {
  const startMs = performance.now();
  const statuses = new Map<string, number>();
  const facts = new Map<string, number>();
  let bad = 0;
  let kills = 0;
  let tasks = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    const { ending, faults } = await judge(seed, null);
    kills += ending.kills;
    for (const [fact, count] of ending.facts) facts.set(fact, (facts.get(fact) ?? 0) + count);
    for (const { status, lanes } of ending.jobs.values()) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      for (const lane of lanes) tasks += lane.read;
    }
    if (faults.length === 0) continue;
    bad += 1;
    for (const fault of faults.slice(0, faultsShown)) console.log(`seed ${seed}: ${fault}`);
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const jobs = [...statuses].map(([status, count]) => `${count} ${status}`).join(', ');
  console.log(`facts: ${[...facts].map(([fact, count]) => `${fact} ${count}`).join(', ')}`);
  console.log(
    `${seeds} seeds, ${kills} kills, ${tasks} tasks, jobs: ${jobs}; ${bad} bad seeds (${seconds} s)`,
  );
  return bad === 0;
}

async function findPlanted(): Promise<boolean> {
  let found = 0;
  for (const planted of plantedBugs) {
    let seed = first;
    let faults: readonly string[] = [];
    for (; faults.length === 0 && seed < first + plantedSeedsMax; seed += 1) {
      ({ faults } = await judge(seed, planted));
    }
    if (faults.length > 0) found += 1;
    const verdict = faults.length > 0 ? `found by seed ${seed - 1}: ${faults[0]}` : 'NOT FOUND';
    console.log(`planted ${planted}: ${verdict}`);
  }
  return found === plantedBugs.length;
}

const isGood = words.includes('--planted') ? await findPlanted() : await simulate();
// Killed services wait for ever on answers that never come; nothing else is left to do here.
process.exit(isGood ? 0 : 1);
