// Reads what `docker compose config --format json` prints and asks the services' own reader about
// the environment that each of them is given. Exit code 1, and a line for each problem.
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { readSettings } from '../../services/core/settings.ts';

const project = z.object({
  services: z.record(
    z.string(),
    z.object({
      environment: z.record(z.string(), z.string().nullable()).default({}),
      healthcheck: z.object({ test: z.array(z.string()) }).optional(),
      restart: z.string().optional(),
    }),
  ),
});
const ours = ['control', 'ingest', 'worker', 'reporter'];

const { services } = project.parse(JSON.parse(await text(process.stdin)));
const problems: string[] = [];
for (const name of ours) {
  const service = services[name];
  if (service === undefined) {
    problems.push(`the service ${name} is missing`);
    continue;
  }
  const environment = Object.fromEntries(
    Object.entries(service.environment).map(([setting, value]) => [setting, value ?? undefined]),
  );
  const answer = readSettings(environment, name === 'control' ? 'calls' : 'figures');
  if (answer.kind === 'problems') {
    problems.push(...answer.problems.map((problem) => `${name}: ${problem}`));
  } else if (answer.settings.kafka === null) problems.push(`${name}: its log is not Kafka`);
}
for (const [name, { healthcheck, restart }] of Object.entries(services)) {
  const isOnce = restart?.startsWith('on-failure') === true;
  if (!isOnce && healthcheck === undefined) problems.push(`${name}: it has no health check`);
}
for (const problem of problems) process.stderr.write(`docker-compose.yml: ${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
else process.stdout.write(`docker-compose.yml: ${Object.keys(services).join(', ')}: fine\n`);
