// Asks the broker at an address how many brokers it knows to be in service, by one Metadata request
// (version 1, no topics) on a connection of its own. Only brokers that take requests are counted,
// so that a count of one says that a single node is up. Plain TCP listeners only.
import { connect } from 'node:net';

const correlationId = 1;
/** Length, api key 3, version 1, correlation id, client id null, no topics. */
const request = Buffer.from('0000000e' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex');
/** Length, correlation id, count of brokers. */
const answerBytesMin = 12;
const answerMsMax = 5_000;

/** Rejects where nobody listens, or nobody answers. */
export function countBrokers(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => socket.write(request));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < answerBytesMin) return;
      socket.destroy();
      if (received.readInt32BE(4) !== correlationId) reject(new Error('not a Kafka broker'));
      else resolve(received.readInt32BE(8));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${host}:${port} closed the connection`)));
  });
}
