// The notification ports. Publisher is what the reporter needs of SNS, local topics or AWS alike;
// TopicService is what control mounts so that local topics answer the SNS query API.
// TopicService and EventDoor are what control mounts on its HTTP front: SNS for people without AWS,
// and the door through which S3 events reach the drop rules.

export interface MessageAttribute {
  readonly name: string;
  readonly value: string;
}

export type PublishAnswer =
  | { readonly kind: 'published'; readonly messageId: string }
  /** Worth another try later. */
  | { readonly kind: 'unavailable'; readonly message: string }
  /** Never going to work: no such topic, not authorized. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

export interface Publisher {
  /** At least once. subject at most 100 characters; attributes are all of type String. */
  publish(
    topicArn: string,
    subject: string,
    message: string,
    attributes: readonly MessageAttribute[],
    signal: AbortSignal,
  ): Promise<PublishAnswer>;
}

export interface TopicCaller {
  readonly accountId: string;
  readonly accessKeyId: string;
}

export interface TopicAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface TopicService {
  /** One call of the AWS query protocol; the caller's signature has been verified. Never rejects
   *  for what a client sent: refusals are answers. */
  handle(
    action: string,
    parameters: Readonly<Record<string, string>>,
    caller: TopicCaller,
    signal: AbortSignal,
  ): Promise<TopicAnswer>;
  /** The public links that messages carry; path is '/' or the certificate's. undefined: not ours. */
  get(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<TopicAnswer | undefined>;
}

/** What became of the records of one posted S3 event document. */
export type EventDoorAnswer =
  | { readonly kind: 'accepted'; readonly noticed: number; readonly ignored: number }
  /** Too many deliveries wait already; the poll will find this one. */
  | { readonly kind: 'busy'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

export interface EventDoor {
  /** Returns at once; the deliveries it noticed are looked at by the rules' own loop. */
  accept(body: string): EventDoorAnswer;
}

/** Who a verified signature belongs to. */
export interface TopicCaller {
  readonly accountId: string;
  readonly accessKeyId: string;
}

/** A finished HTTP answer; control adds the request ids and sends it as it is. */
export interface TopicAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** A page that needs no signature: the signing certificate, the links inside messages. */
export interface TopicRoute {
  readonly method: 'GET' | 'POST';
  /** The exact path, beginning with a slash; no parameters in it. */
  readonly path: string;
  /** parameters: the decoded query and, for POST, the form; null prototype, first value wins. */
  answer(parameters: Readonly<Record<string, string>>, signal: AbortSignal): Promise<TopicAnswer>;
}

export interface TopicService {
  /**
   * One action of the SNS query API, form and signature already checked. parameters: the decoded
   * form without Action, null prototype. Errors are answers too: nothing here rejects but for a bug.
   */
  handle(
    action: string,
    parameters: Readonly<Record<string, string>>,
    caller: TopicCaller,
    signal: AbortSignal,
  ): Promise<TopicAnswer>;
  /** Asked for once, when control opens. */
  readonly publicRoutes: readonly TopicRoute[];
}
