// Free TCP ports for a broker, below the range from which systems take the ports of outgoing
// connections. A port of that range may be taken while the broker is down for a restart, even by a
// client that connects to itself while it tries to reach the broker.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const portMin = 20_000;
const portMax = 32_000;
const triesMax = 200;

export async function freePorts(host: string, count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries > triesMax) throw new Error(`no free port from ${portMin} to ${portMax} at ${host}`);
    const port = randomInt(portMin, portMax);
    if (!ports.includes(port) && (await portIsFree(host, port))) ports.push(port);
  }
  return ports;
}

export function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
