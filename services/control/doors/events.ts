// The door for S3 events: a notification document posted by a server (or whoever relays it), signed
// with SigV4 for s3 or carrying the configured token. What it means is the rules' business.
import type { EventDoor } from '../../core/notify.ts';
import { sameText } from '../auth/hashing.ts';
import type { Keys } from '../auth/keys.ts';
import { verifySignature } from '../auth/verify-signature.ts';
import { jsonAnswer } from '../front/answer.ts';
import { headerOf, type WireRequest } from '../front/wire-request.ts';
import type { DoorAnswer } from './topics.ts';

export interface EventPorts {
  readonly door: EventDoor;
  /** null: only signed posts are taken. */
  readonly token: string | null;
  readonly keys: Keys;
  readonly region: string;
  readonly nowMs: number;
}

export function answerEvents(request: WireRequest, ports: EventPorts): DoorAnswer {
  const refused = refuseStranger(request, ports);
  if (refused !== undefined) return refused;
  const text = decodeUtf8(request.body);
  if (text === undefined) {
    return {
      kind: 'refused',
      refusal: { code: 'BadRequestException', message: 'The body is not UTF-8.' },
    };
  }
  const said = ports.door.accept(text);
  switch (said.kind) {
    case 'accepted': {
      const { noticed, ignored } = said;
      return { kind: 'answer', answer: jsonAnswer(200, { accepted: noticed, ignored }) };
    }
    case 'busy':
      return { kind: 'refused', refusal: { code: 'SlowDown', message: said.message } };
    case 'refused':
      return { kind: 'refused', refusal: { code: 'BadRequestException', message: said.message } };
  }
}

function refuseStranger(request: WireRequest, ports: EventPorts): DoorAnswer | undefined {
  const given = tokenOf(request);
  if (given !== undefined) {
    if (ports.token !== null && sameText(given, ports.token)) return undefined;
    return {
      kind: 'refused',
      refusal: {
        code: 'AccessDenied',
        message: 'The token is not the one that S3BATCH_EVENTS_TOKEN sets.',
      },
    };
  }
  const { keys, region, nowMs } = ports;
  const verification = verifySignature(request, { service: 's3', region, nowMs, keys });
  return verification.kind === 'refused' ? verification : undefined;
}

function tokenOf(request: WireRequest): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '');
  return headerOf(request, 'x-s3batch-token') ?? bearer?.[1];
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
