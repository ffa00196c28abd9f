// The notification ports. Publisher is what the reporter needs of SNS, local topics or AWS alike.

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
