// An S3 that answers at once, in a process of its own, on raw sockets: what it costs must not hide
// what we cost. It serves one manifest (HEAD, ranged GET), swallows every other PUT, and counts.
// Forked with the size of the manifest; says { url } when it listens and its counts when asked.
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { encodeKey } from '../../services/core/key.ts';

export interface NullS3Counts {
  readonly operations: number;
  /** performance.timeOrigin + now of the first and the last operation; 0 if there was none. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly manifestJsonMs: number;
}

const rows = Number(process.argv[2] ?? 0);
const manifest = Buffer.from(
  Array.from({ length: rows }, (_, row) => `bench,${encodeKey(benchKey(row))}\n`).join(''),
);
const etag = createHash('md5').update(manifest).digest('hex');
const headEnd = Buffer.from('\r\n\r\n');
const counts = { operations: 0, firstMs: 0, lastMs: 0, manifestJsonMs: 0 };
const date = 'Mon, 02 Nov 2026 10:00:00 GMT';
const canned = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-length: 0\r\nETag: "${etag}"\r\nx-amz-request-id: NULL\r\nDate: ${date}\r\n\r\n`,
);
const gone = Buffer.from('HTTP/1.1 204 No Content\r\nx-amz-request-id: NULL\r\n\r\n');

function benchKey(row: number): string {
  return `data/part=${String(row % 1000).padStart(3, '0')}/object-${String(row).padStart(9, '0')}.bin`;
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function answer(head: string): Buffer[] {
  const method = head.slice(0, head.indexOf(' '));
  const target = head.slice(method.length + 1, head.indexOf(' ', method.length + 1));
  if (target.includes('?tagging') || /\r\nx-amz-copy-source:/i.test(head)) {
    counts.operations += 1;
    counts.lastMs = nowMs();
    if (counts.firstMs === 0) counts.firstMs = counts.lastMs;
    return [canned];
  }
  if (method === 'HEAD' || method === 'GET') return manifestAnswer(head, method);
  if (method === 'DELETE') return [gone];
  if (target.endsWith('/manifest.json')) counts.manifestJsonMs = nowMs();
  return [canned];
}

function manifestAnswer(head: string, method: string): Buffer[] {
  const range = /\r\nrange: bytes=(\d+)-(\d+)/i.exec(head);
  const start = range === null ? 0 : Number(range[1]);
  const end = range === null ? manifest.length : Math.min(Number(range[2]) + 1, manifest.length);
  const status = range === null ? '200 OK' : '206 Partial Content';
  const lines = [
    `HTTP/1.1 ${status}`,
    `content-length: ${end - start}`,
    `ETag: "${etag}"`,
    `Last-Modified: ${date}`,
    `x-amz-request-id: NULL`,
    ...(range === null ? [] : [`Content-Range: bytes ${start}-${end - 1}/${manifest.length}`]),
  ];
  const top = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return method === 'HEAD' ? [top] : [top, manifest.subarray(start, end)];
}

function serve(socket: Socket): void {
  let held = Buffer.alloc(0);
  let bodyLeft = 0;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const answers: Buffer[] = [];
    for (;;) {
      const skipped = Math.min(bodyLeft, data.length);
      bodyLeft -= skipped;
      data = data.subarray(skipped);
      const end = data.indexOf(headEnd);
      if (bodyLeft > 0 || end < 0) break;
      const head = data.toString('latin1', 0, end);
      data = data.subarray(end + headEnd.length);
      bodyLeft = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      answers.push(...answer(head));
    }
    held = Buffer.from(data);
    if (answers.length > 0) socket.write(Buffer.concat(answers));
  });
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.send?.({ url: `http://127.0.0.1:${port}`, etag, bytes: manifest.length });
});
process.on('message', () => process.send?.({ counts }));
process.on('disconnect', () => process.exit(0));
