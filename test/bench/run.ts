// npm run bench [-- part …]: every figure of docs/PERFORMANCE.md in one run of a few minutes, or
// some parts of it. Each part is a script of its own in a process of its own; figures, no asserts.
import { fork } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';

const parts: Readonly<Record<string, readonly [title: string, file: string, ...rest: string[]]>> = {
  ingest: ['ingest: rows into committed slices', './ingest.ts', '1000000'],
  log: ['log: durable records and commit latency', './log.ts', '5'],
  delivery: ['delivery: from a drop to its first operation and its report', './delivery.ts'],
  corridor: ['corridor: end to end', './corridor.ts', '10000', '100000', '1000000'],
  kafka: [
    'kafka: services as processes over a real broker (Java 17, Maven)',
    './kafka.ts',
    '200000',
  ],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}: choose among ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'})`;
console.log(`${new Date().toISOString()}  node ${process.version}  ${machine}`);
for (const [name, [title, file, ...rest]] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n== ${title}   (load ${loadavg()[0]?.toFixed(1)})`);
  const child = fork(new URL(file, import.meta.url), rest);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0) {
    console.error(`${name} ended with ${code}`);
    process.exitCode = 1;
  }
}
