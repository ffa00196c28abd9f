// A subscriber of the demo's SNS topic: an HTTP server on loopback that confirms its subscription
// the way AWS documents it (it visits SubscribeURL) and hands over each notification.
import { createServer } from 'node:http';

export interface JobNotification {
  readonly status: string;
  readonly jobId: string;
  /** The same on every repetition of one notification. */
  readonly jobEventId: string;
}

export interface Subscriber {
  readonly url: string;
  /** Resolves with the first notification of that status. */
  heard(status: string): Promise<JobNotification>;
  close(): Promise<void>;
}

const bodyBytesMax = 512 * 1024;

export async function openSubscriber(
  onNotification: (notification: JobNotification) => void,
): Promise<Subscriber> {
  const heard: JobNotification[] = [];
  const waiting: { status: string; resolve: (notification: JobNotification) => void }[] = [];
  const accept = (notification: JobNotification) => {
    if (heard.some((known) => sameNotification(known, notification))) return;
    heard.push(notification);
    onNotification(notification);
    for (const wait of waiting) if (wait.status === notification.status) wait.resolve(notification);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => {
      response.end('ok');
      receive(Buffer.concat(chunks).toString('utf8'), accept);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    heard: (status) =>
      new Promise((resolve) => {
        const known = heard.find((notification) => notification.status === status);
        if (known !== undefined) resolve(known);
        else waiting.push({ status, resolve });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sameNotification(a: JobNotification, b: JobNotification): boolean {
  return a.status === b.status && a.jobId === b.jobId;
}

function receive(text: string, accept: (notification: JobNotification) => void): void {
  const envelope = record(JSON.parse(text));
  if (envelope['Type'] === 'SubscriptionConfirmation') {
    // The demo's own topic service is the only one that knows this port.
    void fetch(String(envelope['SubscribeURL'])).then((answer) => answer.arrayBuffer());
    return;
  }
  if (envelope['Type'] !== 'Notification') return;
  const detail = record(record(JSON.parse(String(envelope['Message'])))['detail']);
  const event = record(detail['serviceEventDetails']);
  accept({
    status: String(event['status']),
    jobId: String(event['jobId']),
    jobEventId: String(event['jobEventId']),
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
