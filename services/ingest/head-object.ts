// HEAD as ingest asks it: of the manifest (its ETag against the client's) and of data files (their
// size against manifest.json). A refused HEAD has no body: a GET of one byte asks for the reason.
import type { ObjectAddress, ObjectHead } from '../core/storage.ts';
import { askStorage, type StorageRefusal } from './ask-storage.ts';
import type { ManifestFile } from './plan.ts';
import { badContent, capital } from './problem.ts';
import { isBare, readRefused, shownArn } from './reasons.ts';
import type { Source } from './source.ts';

export async function headObject(
  source: Source,
  subject: string,
  at: ObjectAddress,
  signal: AbortSignal,
): Promise<ObjectHead> {
  const { objects } = source.storage;
  const what = `HEAD ${shownArn(at)}`;
  const head = await askStorage(source, what, () => objects.head(at, signal), signal);
  if (head.kind === 'ok') return head.value;
  throw readRefused(subject, at, source.roleArn, await spelledOut(source, at, head, signal));
}

export async function headDataFile(
  source: Source,
  file: ManifestFile,
  signal: AbortSignal,
): Promise<ObjectHead> {
  const head = await headObject(source, file.subject, file, signal);
  if (head.bytes !== file.bytes) {
    throw badContent(
      `${capital(file.subject)} has ${head.bytes} bytes, manifest.json says ${file.bytes}: ` +
        'it is cut short or was replaced. Deliver the inventory again.',
    );
  }
  return head;
}

async function spelledOut(
  source: Source,
  at: ObjectAddress,
  refusal: StorageRefusal,
  signal: AbortSignal,
): Promise<StorageRefusal> {
  if (!isBare(refusal.code)) return refusal;
  const oneByte = { start: 0, end: 1 };
  const { objects } = source.storage;
  const what = `GET ${shownArn(at)}`;
  const read = await askStorage(
    source,
    what,
    () => objects.read(at, oneByte, null, signal),
    signal,
  );
  return read.kind === 'refused' && read.status === refusal.status ? read : refusal;
}
