// What the log never shows: secrets, and control characters that could forge a line or a colour.
import { expect, test } from 'vitest';
import { openLogger } from '../../../services/control/logger.ts';

function logged(write: (log: ReturnType<typeof openLogger>) => void): string {
  const lines: string[] = [];
  write(openLogger('debug', { write: (line) => lines.push(line) }));
  return lines.join('');
}

test('secrets are redacted at the top and two levels down', () => {
  const secret = 'hidden';
  const line = logged((log) =>
    log.info(
      {
        authorization: secret,
        token: secret,
        query: secret,
        request: { headers: { authorization: secret, 'x-s3batch-token': secret }, body: secret },
        key: { secretAccessKey: secret, accessKeyId: 'AKID' },
      },
      'a line',
    ),
  );
  expect(line).not.toContain(secret);
  expect(line).toContain('AKID');
  expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: 'a line', token: '[redacted]' });
});

test('control characters and direction marks are escaped: one record is one line', () => {
  const nasty = 'a\nb\u001b[31mc\u009bd\u2028e\u202ef\u007fg';
  const text = logged((log) => log.warn({ key: nasty }, nasty));
  expect(text.trimEnd()).toMatch(/^[\u0020-\u007e]+$/);
  expect(JSON.parse(text)).toMatchObject({ key: nasty, msg: nasty });
});
