// The Calls port: one attempt at what a worker wants done to one object.
import type { S3Call } from '../../core/s3-call.ts';
import type { CallAnswer, Calls } from '../../core/storage.ts';
import { refusalInside, requestIdOf } from './answer.ts';
import type { Engine } from './engine.ts';
import type { ModelInput } from './model.ts';
import type { ExchangeLimits } from './transport.ts';

const callLimits: ExchangeLimits = { silenceMsMax: 60_000, bodyBytesMax: 1024 * 1024 };
/** S3 copies up to 5 GB before it answers. */
const copyLimits: ExchangeLimits = { silenceMsMax: 15 * 60_000, bodyBytesMax: 1024 * 1024 };

export function openCalls(engine: Engine): Calls {
  return {
    call: async (call, signal): Promise<CallAnswer> => {
      const isCopy = call.command === 'CopyObject';
      const limits = isCopy ? copyLimits : callLimits;
      const sent = await engine.send(call.command, modelInput(call), limits, signal);
      if (sent.kind === 'unreachable') return sent;
      const requestId = sent.response === null ? '' : requestIdOf(sent.response);
      const refusal = sent.kind === 'refused' ? sent : refusalInside(sent.response, isCopy);
      if (refusal === null) {
        const { status } = sent.kind === 'ok' ? sent.response : sent;
        return { kind: 'answered', status, code: null, message: '', requestId };
      }
      const { status, code, message } = refusal;
      return { kind: 'answered', status, code, message, requestId };
    },
  };
}

function modelInput(call: S3Call): ModelInput {
  switch (call.command) {
    case 'PutObjectTagging':
    case 'DeleteObjectTagging':
      return { ...call.input };
    case 'CopyObject': {
      const { input } = call;
      return {
        ...input,
        ...dateMember('CopySourceIfModifiedSince', input.CopySourceIfModifiedSince),
        ...dateMember('CopySourceIfUnmodifiedSince', input.CopySourceIfUnmodifiedSince),
        ...dateMember('Expires', input.Expires),
        ...dateMember('ObjectLockRetainUntilDate', input.ObjectLockRetainUntilDate),
      };
    }
  }
}

function dateMember(name: string, ms: number | undefined): Readonly<Record<string, Date>> {
  return ms === undefined ? {} : { [name]: new Date(ms) };
}
