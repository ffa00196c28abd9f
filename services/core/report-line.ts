// One line of a completion report, in AWS's own bytes: the columns are Bucket, Key, VersionId,
// TaskStatus, HTTPStatusCode, ErrorCode, ResultMessage (the manifest's ReportSchema names the two
// in the middle the other way round, and so do we), lines end with CRLF, and only fields that need
// quotes have them. The key stands as the manifest spelled it.
import { utf8Bytes } from './key.ts';
import type { TaskResult } from './task.ts';

const needsQuotes = /[",\r\n]/;

export function reportLine(result: TaskResult): string {
  return [
    field(result.bucket),
    field(result.reportedKey),
    field(result.versionId),
    result.status,
    String(result.httpStatus),
    field(result.errorCode),
    `${field(result.message)}\r\n`,
  ].join(',');
}

function field(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Commas between seven fields, and CRLF. */
const frameBytes = 8;

/** Bytes of the line as UTF-8, CRLF included, without making it: every result is asked twice. */
export function reportLineBytes(result: TaskResult): number {
  return (
    frameBytes +
    fieldBytes(result.bucket) +
    fieldBytes(result.reportedKey) +
    fieldBytes(result.versionId) +
    result.status.length +
    String(result.httpStatus).length +
    fieldBytes(result.errorCode) +
    fieldBytes(result.message)
  );
}

function fieldBytes(text: string): number {
  return utf8Bytes(needsQuotes.test(text) ? field(text) : text);
}
