// npm run kills -- [--kills N] [--seed S] [--objects N]
// npm run kills -- --kafka [--kills N] [--seed S] [--objects N] [--kind kill|stop|broker|cut|all]
// Without --kafka: kill -9 of npm start on the embedded log. With it: every service in a process of
// its own on a real broker, and whatever can be done to them and to their network.
import { type FaultKind, faultKinds } from './kafka-world/faults.ts';

const words = process.argv.slice(2);
const wordAfter = (name: string): string | undefined => {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
};

function kindsAsked(): readonly FaultKind[] {
  const asked = wordAfter('--kind') ?? 'all';
  const found = faultKinds.filter((kind) => asked === 'all' || asked.split(',').includes(kind));
  if (found.length > 0) return found;
  console.error(`kills: --kind ${asked}: say ${faultKinds.join(', ')} or all.`);
  process.exit(2);
}

if (words.includes('--kafka')) {
  const { runKafkaKills } = await import('./kafka-world/run.ts');
  const bad = await runKafkaKills({
    kills: Number(wordAfter('--kills') ?? 100),
    seed: Number(wordAfter('--seed') ?? Date.now() % 1_000_000),
    objects: Number(wordAfter('--objects') ?? 20_000),
    kinds: kindsAsked(),
    python: process.env['PYTHON'] ?? 'python3',
  });
  process.exit(bad === 0 ? 0 : 1);
} else {
  await import('./kills-embedded.ts');
}
