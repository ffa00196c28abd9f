// An address in KAFKA_BROKERS at which something else answers: the start says what it is.
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkBrokers } from '../../services/adapters/log/kafka/check.ts';
import { kafkaTiming, settingsFor } from '../support/kafka-log.ts';

const host = '127.0.0.1';
const hastyMs = 100;

async function problemAt(server: Server): Promise<string> {
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port }: Partial<AddressInfo> = addressOf(server);
  const { transactionMs } = kafkaTiming;
  const settings = settingsFor([`${host}:${port}`], 'other.');
  const options = { settings, clientId: 'other', transactionMs, awayMsMax: hastyMs };
  const answer = await checkBrokers(options, new AbortController().signal);
  return answer.kind === 'problem' ? answer.problem.message : 'no problem';
}

function addressOf(server: Server): Partial<AddressInfo> {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address : {};
}

test('a port that speaks HTTP is called so', async () => {
  const server = createHttpServer((_request, response) => response.end('hello'));
  expect(await problemAt(server)).toMatch(/speaks HTTP and is not a Kafka broker: name the port/);
});

test('a port that hangs up at the first request is called so', async () => {
  const server = createServer((socket) => socket.on('data', () => socket.destroy()));
  expect(await problemAt(server)).toMatch(
    /hangs up at the first request: it is not a Kafka broker/,
  );
});
