// Control as a client meets it: the real HTTP front on a free port, the real coordinator behind
// it, on the memory log. A hand plays the other services by sending their levels.
import { messageCodec } from '../../schemas/codec.ts';
import { openMemoryLog } from '../../services/adapters/log/memory.ts';
import { systemClock } from '../../services/adapters/process/clock.ts';
import { keysOf } from '../../services/control/auth/keys.ts';
import type { ControlPorts } from '../../services/control/control-ports.ts';
import { runCoordinator } from '../../services/control/coordinator.ts';
import { coordinatorDefaults } from '../../services/control/coordinator-limits.ts';
import { type JobDesk, openDesk } from '../../services/control/desk.ts';
import { openLogger } from '../../services/control/logger.ts';
import { openMetrics } from '../../services/control/metrics.ts';
import { type Control, openControl } from '../../services/control/open-control.ts';
import type { Level } from '../../services/core/message.ts';
import { controlTopics, inboxTopic } from '../../services/core/names.ts';
import { openMemoryS3 } from './memory-s3.ts';
import {
  contentOf,
  type SignOptions,
  sendRaw,
  signHeaders,
  type WireAnswer,
} from './signed-request.ts';

export const accountId = '123456789012';
export const otherAccountId = '111122223333';
export const region = 'us-east-1';
export const roleArn = `arn:aws:iam::${accountId}:role/S3BatchJobRole`;
export const accessKeyId = 'AKIDEXAMPLE';
export const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const otherSecret = 'another/secret/of/another/account';

export interface ControlFront extends AsyncDisposable {
  readonly port: number;
  readonly control: Control;
  readonly desk: JobDesk;
  /** What the log said, one JSON object per line. */
  readonly lines: string[];
  /** Signed as the first account unless options say otherwise. */
  call(
    method: string,
    target: string,
    body?: string | Uint8Array,
    options?: Partial<SignOptions>,
  ): Promise<WireAnswer>;
  say(level: Level): Promise<void>;
}

export const otherAccount: Partial<SignOptions> = {
  accessKeyId: 'AKIDOTHER',
  secretAccessKey: otherSecret,
  accountId: otherAccountId,
};

export async function openFront(changes: Partial<ControlPorts> = {}): Promise<ControlFront> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const world = openMemoryLog({ nowMs: () => systemClock.wallMs() });
  const handle = world.connect();
  await handle.spaces.create('control', controlTopics);
  const lines: string[] = [];
  const log = openLogger('info', { write: (line) => lines.push(line) });
  const running = runCoordinator(
    { ...handle, clock: systemClock, logger: log },
    coordinatorDefaults,
    signal,
  );
  const desk = await openDesk(handle.log, signal);
  const control = await openControl(
    {
      desk,
      roles: openMemoryS3({ subresourcesSafe: true, isRole: (arn) => !arn.includes('unknown') })
        .roles,
      keys: keysOf(
        new Map([
          [accessKeyId, { secretAccessKey, accountId }],
          ['AKIDOTHER', { secretAccessKey: otherSecret, accountId: otherAccountId }],
        ]),
      ),
      metrics: openMetrics(systemClock),
      clock: systemClock,
      log,
      region,
      accountId,
      topicArn: null,
      ...changes,
    },
    { host: '127.0.0.1', port: 0 },
    signal,
  );
  const port = Number(new URL(control.address).port);
  return {
    port,
    control,
    desk,
    lines,
    call(method, target, body = '', options = {}) {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      const headers = signHeaders(method, target, bytes, {
        accessKeyId,
        secretAccessKey,
        accountId,
        region,
        service: 's3',
        nowMs: systemClock.wallMs(),
        host: `127.0.0.1:${port}`,
        ...options,
      });
      return sendRaw(port, method, target, headers, bytes);
    },
    async say(level) {
      const value = messageCodec.encode(level);
      await handle.log.send('control', [
        { topic: inboxTopic, partition: 0, key: level.jobId, value },
      ]);
    },
    async [Symbol.asyncDispose]() {
      await control.close();
      stopping.abort();
      await running;
      await handle.log.end();
    },
  };
}

/** DescribeJob's answer once it carries a TerminationDate; each answer is a fact of its own. */
export async function untilEnded(
  front: ControlFront,
  target: string,
  options: Partial<SignOptions> = {},
): Promise<string> {
  for (;;) {
    const { body } = await front.call('GET', target, '', options);
    if (contentOf(body, 'TerminationDate') !== '') return body;
  }
}

/** A CreateJob body that is accepted; each part can be replaced. */
export function jobXml(parts: Partial<JobParts> = {}): string {
  const all = { ...defaultParts, token: crypto.randomUUID(), ...parts };
  return (
    '<CreateJobRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">' +
    `${all.confirmation}${all.operation}${all.report}${all.manifest}${all.priority}${all.role}` +
    `<ClientRequestToken>${all.token}</ClientRequestToken>${all.extra}</CreateJobRequest>`
  );
}

interface JobParts {
  readonly confirmation: string;
  readonly operation: string;
  readonly report: string;
  readonly manifest: string;
  readonly priority: string;
  readonly role: string;
  readonly token: string;
  readonly extra: string;
}

const defaultParts: Omit<JobParts, 'token'> = {
  confirmation: '<ConfirmationRequired>false</ConfirmationRequired>',
  operation:
    '<Operation><S3PutObjectTagging><TagSet><member><Key>a</Key><Value>b</Value></member>' +
    '</TagSet></S3PutObjectTagging></Operation>',
  report: '<Report><Enabled>false</Enabled></Report>',
  manifest:
    '<Manifest><Spec><Format>S3BatchOperations_CSV_20180820</Format><Fields>' +
    '<member>Bucket</member><member>Key</member></Fields></Spec><Location>' +
    '<ObjectArn>arn:aws:s3:::manifests/m.csv</ObjectArn><ETag>"e"</ETag></Location></Manifest>',
  priority: '<Priority>10</Priority>',
  role: `<RoleArn>${roleArn}</RoleArn>`,
  extra: '',
};
