// The sandbox as a process of its own: SANDBOX_PORT (8341), SANDBOX_ACCESS_KEY_ID and
// SANDBOX_SECRET_ACCESS_KEY (demo, demo-secret-key), SANDBOX_EVENTS_URL and _TOKEN (none).
import { openSandbox } from './open-sandbox.ts';

const { env } = process;
const eventsUrl = env['SANDBOX_EVENTS_URL'];
const sandbox = await openSandbox({
  port: Number(env['SANDBOX_PORT'] ?? 8341),
  region: env['AWS_REGION'] ?? 'us-east-1',
  credentials: [
    {
      accessKeyId: env['SANDBOX_ACCESS_KEY_ID'] ?? 'demo',
      secretAccessKey: env['SANDBOX_SECRET_ACCESS_KEY'] ?? 'demo-secret-key',
    },
  ],
  ...(eventsUrl === undefined
    ? {}
    : { events: { url: eventsUrl, token: env['SANDBOX_EVENTS_TOKEN'] ?? null } }),
});
process.stdout.write(`s3batch sandbox S3 at ${sandbox.url}, in memory, not for production\n`);
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => void sandbox.close());
}
