// One request from end to end: serialise, sign, send, read. It goes on by itself in two cases only,
// once each: the server's clock differs (the offset is learnt from its Date header), and temporary
// credentials have expired (they are fetched anew). All else is the caller's to judge and repeat.
import type { Clock } from '../../core/clock.ts';
import { type RefusedAnswer, refusalOf } from './answer.ts';
import {
  type Credentials,
  type Model,
  type ModelCommand,
  type ModelInput,
  openModel,
} from './model.ts';
import type { RoleProfile } from './profile.ts';
import { responseHeader, type S3Request, type S3Response } from './request.ts';
import { openSigner, type Signer } from './sign.ts';
import type { ExchangeLimits, Transport } from './transport.ts';

export type Sent =
  | { readonly kind: 'ok'; readonly response: S3Response }
  | (RefusedAnswer & { readonly response: S3Response | null })
  | { readonly kind: 'unreachable'; readonly message: string };

export interface Engine {
  send(
    command: ModelCommand,
    input: ModelInput,
    limits: ExchangeLimits,
    signal: AbortSignal,
  ): Promise<Sent>;
}

const skewMsMin = 60_000;
/**
 * A clock that starts in 1970 is within; a Date that no later request could be signed for is not.
 */
const skewMsMax = 100 * 365 * 86_400_000;
/** RFC 9110, 5.6.2: names of user metadata are the caller's. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const skewCodes = ['RequestTimeTooSkewed', 'RequestExpired'];
const expiredCodes = ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'];

export function openEngine(profile: RoleProfile, transport: Transport, clock: Clock): Engine {
  const state: EngineState = {
    model: openModel(profile),
    signer: openSigner(),
    transport,
    clock,
    profile,
    clockOffsetMs: 0,
  };
  return { send: (command, input, limits, signal) => send(state, command, input, limits, signal) };
}

interface EngineState {
  readonly model: Model;
  readonly signer: Signer;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly profile: RoleProfile;
  /** The server's clock less ours. */
  clockOffsetMs: number;
}

async function send(
  state: EngineState,
  command: ModelCommand,
  input: ModelInput,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Sent> {
  const modelled = await state.model.serialise(command, input);
  if (modelled.kind === 'unsendable') return unsendable(modelled.message);
  const { request } = modelled;
  const problem = headerProblem(request);
  if (problem !== null) return unsendable(problem);
  const first = await attempt(state, request, limits, false, signal);
  if (first.kind !== 'refused' || first.response === null) return first;
  const isExpired = expiredCodes.includes(first.code);
  if (!isExpired && !learnSkew(state, first.code, request.method, first.response)) return first;
  return attempt(state, request, limits, isExpired && state.profile.credentials === null, signal);
}

async function attempt(
  state: EngineState,
  request: S3Request,
  limits: ExchangeLimits,
  forceRefresh: boolean,
  signal: AbortSignal,
): Promise<Sent> {
  let credentials: Credentials;
  try {
    credentials = await state.model.credentials(forceRefresh);
  } catch (error) {
    const said = error instanceof Error ? error.message : 'unknown';
    return { kind: 'unreachable', message: `no credentials for ${state.profile.pattern}: ${said}` };
  }
  const nowMs = state.clock.wallMs() + state.clockOffsetMs;
  const headers = state.signer.sign(request, credentials, nowMs);
  const exchange = await state.transport.exchange(request, headers, limits, signal);
  if (exchange.kind === 'unreachable') return exchange;
  const { response } = exchange;
  const refusal = refusalOf(response, request.method === 'HEAD');
  return refusal === null ? { kind: 'ok', response } : { ...refusal, response };
}

/** True if the offset changed, so that the request is worth sending again. */
function learnSkew(
  state: EngineState,
  code: string,
  method: string,
  response: S3Response,
): boolean {
  // The answer to a HEAD has no code: a far clock is reason enough.
  const isSkewed = skewCodes.includes(code) || (method === 'HEAD' && response.status === 403);
  const date = responseHeader(response, 'date');
  if (!isSkewed || date === null) return false;
  const offsetMs = Date.parse(date) - state.clock.wallMs();
  if (Number.isNaN(offsetMs) || Math.abs(offsetMs) > skewMsMax) return false;
  if (Math.abs(offsetMs - state.clockOffsetMs) < skewMsMin) return false;
  state.clockOffsetMs = offsetMs;
  return true;
}

function headerProblem(request: S3Request): string | null {
  for (const [name, value] of Object.entries(request.headers)) {
    if (!headerName.test(name)) {
      return `header ${JSON.stringify(name)} has a name that HTTP cannot send`;
    }
    if (hasControlCharacter(value)) {
      return `header ${JSON.stringify(name)} holds a control character and cannot be sent`;
    }
  }
  return null;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if ((unit < 0x20 && unit !== 0x09) || unit === 0x7f) return true;
  }
  return false;
}

function unsendable(message: string): Sent {
  return { kind: 'refused', status: 400, code: 'InvalidRequest', message, response: null };
}
