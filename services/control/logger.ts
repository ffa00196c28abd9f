// The log: pino, one JSON object per line, without secrets and without raw control characters.
// Bodies, headers and query strings are never passed to it; the redaction below is the second
// fence, for whoever passes a whole request or key by mistake.
import { type DestinationStream, type Logger, pino } from 'pino';

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error';

const secretNames = [
  'authorization',
  'Authorization',
  'cookie',
  'token',
  'password',
  'secret',
  'secretAccessKey',
  'sessionToken',
  'signature',
  'query',
  'body',
  'rawHeaders',
];
const hyphenatedNames = ['["x-s3batch-token"]', '["x-amz-security-token"]'];

/** At the top, in an object, and in an object inside of one. */
const secretPaths = [
  ...secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  ...hyphenatedNames.flatMap((name) => [name, `*${name}`, `*.*${name}`]),
];

/** JSON escapes C0 controls itself; these are left: C1 controls, separators, direction marks. */
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export function openLogger(level: LogLevelName, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretPaths, censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        streamWrite: (line) =>
          line.replace(
            unsafe,
            (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
          ),
      },
    },
    destination,
  );
}
