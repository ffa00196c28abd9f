// The record of something that cannot be used, for whoever reads events.rejected: why, where it
// stood, and what it was. JSON, since its producer wrote JSON or does not know what a frame is.
// Invariant: its size has a bound, whatever was sent; what was cut is said to be cut.
import { Buffer } from 'node:buffer';
import type { Refusal } from '../../core/errors.ts';
import type { NewRecord, StoredRecord } from '../../core/log.ts';
import { eventsRejectedTopic } from '../../core/names.ts';

export interface Whence {
  readonly topic: string;
  readonly partition: number;
}

/** Escaped as JSON it may be six times as much, which is below a broker's usual 1 MB. */
export const rejectedValueBytesMax = 64 * 1024;
const keyCharactersMax = 1_024;
const headersMax = 20;
const headerCharactersMax = 512;
const reasonCharactersMax = 2_048;

export function rejectedRecord(
  record: StoredRecord,
  { topic, partition }: Whence,
  { code, message }: Refusal,
): NewRecord {
  const place = `${topic}/${partition}/${record.offset}`;
  const document = {
    reason: cut(message, reasonCharactersMax),
    code,
    topic,
    partition,
    // As text: numbers of JSON end at 2^53.
    offset: String(record.offset),
    key: cut(record.key, keyCharactersMax),
    ...shownValue(record.value),
    headers: shownHeaders(record.headers ?? {}),
  };
  const value = new TextEncoder().encode(JSON.stringify(document));
  return { topic: eventsRejectedTopic, partition: 0, key: place, value };
}

interface ShownValue {
  readonly value: string | null;
  readonly encoding: 'utf8' | 'base64' | null;
  /** Of the whole value, however much of it is shown. */
  readonly valueBytes: number;
  readonly isCut: boolean;
}

function shownValue(bytes: Uint8Array | null): ShownValue {
  if (bytes === null) return { value: null, encoding: null, valueBytes: 0, isCut: false };
  const valueBytes = bytes.length;
  const isCut = valueBytes > rejectedValueBytesMax;
  const first = bytes.subarray(0, rejectedValueBytesMax);
  const text = decodeUtf8(first, isCut);
  if (text !== undefined) return { value: text, encoding: 'utf8', valueBytes, isCut };
  return { value: Buffer.from(first).toString('base64'), encoding: 'base64', valueBytes, isCut };
}

/** A character that the cut has divided is left out. */
function decodeUtf8(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const shown = Object.entries(headers)
    .slice(0, headersMax)
    .map(([name, value]) => [cut(name, headerCharactersMax), cut(value, headerCharactersMax)]);
  return Object.fromEntries(shown);
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax).toWellFormed()}…`;
}
