// The notification ports. Publisher is what the reporter needs of SNS, local topics or AWS alike.
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
  /**
   * The public links that messages carry; path is '/' or the certificate's. undefined: not ours.
   */
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
