// npm run demo: the corridor from a dropped Inventory report to a proven result, on this machine
// alone. The sandbox S3 runs in this process, the service in one of its own. Everything is thrown
// away at the end, but for the copy of the report.
import { constants } from 'node:os';
import { readDemoArguments } from './demo/arguments.ts';
import { runDemo } from './demo/run.ts';
import { openScreen } from './demo/screen.ts';

const asked = readDemoArguments(process.argv.slice(2));
if (asked.kind === 'help') {
  process.stdout.write(`${asked.text}\n`);
  process.exit(0);
}
if (asked.kind === 'problem') {
  process.stderr.write(`${asked.problem}\n`);
  process.exit(2);
}
const noColor = (process.env['NO_COLOR'] ?? '') !== '';
const screen = openScreen(process.stdout, noColor);
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    process.exitCode = 128 + constants.signals[name];
    stopping.abort();
  });
}
const isProven = await runDemo(asked.options, process.env, screen, stopping.signal);
if (!isProven && process.exitCode === undefined) process.exitCode = 1;
