// The event door: where S3 event notifications enter. Control authenticates and limits the bytes;
// the rules behind the door decide what they mean. Nothing here rejects but for a bug.

export interface EventAnswer {
  /** Records that name a delivery some rule waits for, or that are otherwise used. */
  readonly accepted: number;
  /** Well-formed records that nobody here waits for. */
  readonly ignored: number;
}

export type EventDoorAnswer =
  | ({ readonly kind: 'taken' } & EventAnswer)
  /** The bytes are no S3 event notification; the message says what is wrong with them. */
  | { readonly kind: 'malformed'; readonly message: string };

export interface EventDoor {
  /** body: the raw JSON as posted. */
  accept(body: Uint8Array, signal: AbortSignal): Promise<EventDoorAnswer>;
}
