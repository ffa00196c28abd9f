// Requests and answers over one port, in the service's thread.
// Invariant: every request settles once: by its answer, by its signal, or as lost when the owner
// has gone; after end() as gone.
import type { MessagePort } from 'node:worker_threads';
import { type LogFailure, logError } from '../../../core/log.ts';
import { transferable } from './frame.ts';
import type { FromOwner, Granted, Request, Result, ToOwner } from './protocol.ts';

type Kind = Result['kind'];
type Of<K extends Kind> = Extract<Result, { kind: K }>;

export interface MemberEvents {
  readonly onLane: (partition: number, granted: Granted) => void;
  readonly onRemoved: (error: Error) => void;
}

interface Pending {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class Connection {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  readonly #settling = new Set<Promise<unknown>>();
  readonly #members = new Map<number, MemberEvents>();
  readonly #writers = new Map<number, (failure: LogFailure) => void>();
  readonly #ended = new AbortController();
  #ids = 0;
  #lost = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: FromOwner) => this.#receive(message));
    port.on('close', () => this.#fail());
  }

  /** Aborted by end(): parked waits resolve quietly then. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /** Rejects by the failure the owner names. Buffers of batches are transferred. */
  ask(request: Request, id: number = this.nextId()): Promise<Result> {
    if (this.#ended.signal.aborted) return Promise.reject(logError('gone', 'this log has ended'));
    if (this.#lost) return Promise.reject(lostError());
    const answer = new Promise<Result>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    const message: ToOwner = { ...request, id };
    const buffers = 'batches' in request ? request.batches.map(({ bytes }) => bytes) : [];
    this.#port.postMessage(message, transferable(buffers));
    return answer;
  }

  async expect<K extends Kind>(request: Request, kind: K): Promise<Of<K>> {
    return narrow(await this.ask(request), kind);
  }

  /** As expect, but end() waits for it: a write under way is not abandoned. */
  async settling<K extends Kind>(answer: Promise<Result>, kind: K): Promise<Of<K>> {
    this.#settling.add(answer);
    try {
      return narrow(await answer, kind);
    } finally {
      this.#settling.delete(answer);
    }
  }

  /** As expect, but null, and the request forgotten, as soon as one of the signals is aborted. */
  async until<K extends Kind>(
    request: Request,
    kind: K,
    signals: readonly AbortSignal[],
    id: number = this.nextId(),
  ): Promise<Of<K> | null> {
    const all = [...signals, this.#ended.signal];
    if (all.some(({ aborted }) => aborted)) return null;
    const aborted = Promise.withResolvers<null>();
    const abort = () => {
      if (this.#pending.delete(id) && !this.#lost) this.#aside({ op: 'cancel', id });
      aborted.resolve(null);
    };
    for (const signal of all) signal.addEventListener('abort', abort, { once: true });
    try {
      const result = await Promise.race([this.ask(request, id), aborted.promise]);
      return result === null ? null : narrow(result, kind);
    } finally {
      for (const signal of all) signal.removeEventListener('abort', abort);
    }
  }

  nudge(id: number, wanted: number): void {
    this.#aside({ op: 'nudge', id, wanted });
  }

  addMember(member: number, events: MemberEvents): void {
    this.#members.set(member, events);
  }

  removeMember(member: number): void {
    this.#members.delete(member);
  }

  addWriter(writer: number, onRevoked: (failure: LogFailure) => void): void {
    this.#writers.set(writer, onRevoked);
  }

  removeWriter(writer: number): void {
    this.#writers.delete(writer);
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#settling);
    this.#ended.abort();
    this.#port.close();
  }

  #aside(message: ToOwner): void {
    if (!this.#lost && !this.#ended.signal.aborted) this.#port.postMessage(message);
  }

  #receive(message: FromOwner): void {
    switch (message.event) {
      case 'answer': {
        const { id, result } = message;
        const pending = this.#pending.get(id);
        this.#pending.delete(id);
        if (result.kind === 'failed') pending?.reject(errorOf(result));
        else pending?.resolve(result);
        return;
      }
      case 'lane':
        return this.#members.get(message.member)?.onLane(message.partition, message.granted);
      case 'revoked':
        return this.#writers.get(message.writer)?.(message.failure);
      case 'removed': {
        const { failure, message: text } = message;
        return this.#members.get(message.member)?.onRemoved(logError(failure, text));
      }
    }
  }

  #fail(): void {
    this.#lost = true;
    const ended = this.#ended.signal.aborted;
    const error = ended ? logError('gone', 'this log has ended') : lostError();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    for (const { onRemoved } of this.#members.values()) onRemoved(error);
    for (const revoke of this.#writers.values()) revoke(ended ? 'gone' : 'lost');
  }
}

function lostError(): Error {
  return logError('lost', 'the thread that owns the database has ended');
}

function errorOf({ failure, message }: Of<'failed'>): Error {
  return failure === 'misuse' ? new Error(message) : logError(failure, message);
}

function narrow<K extends Kind>(result: Result, kind: K): Of<K> {
  if (isOf(result, kind)) return result;
  throw new Error(`the log's owner answered ${result.kind} where ${kind} was due`);
}

function isOf<K extends Kind>(result: Result, kind: K): result is Of<K> {
  return result.kind === kind;
}
