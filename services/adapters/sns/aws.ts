// The Publisher port on AWS SNS, or whatever speaks its protocol at the endpoint given. The client
// itself does not try again: the notifier does, for a day.
import { PublishCommand, SNSClient, SNSServiceException } from '@aws-sdk/client-sns';
import type { PublishAnswer, Publisher } from '../../core/notify.ts';

export interface AwsPublisherSettings {
  readonly region: string;
  /** null: AWS itself. */
  readonly endpoint: string | null;
  /** null: found by the SDK's own rules. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string | null;
  } | null;
}

const publishMsMax = 20_000;

export interface AwsPublisher extends Publisher {
  close(): void;
}

export function openAwsPublisher(settings: AwsPublisherSettings): AwsPublisher {
  const { region, endpoint, credentials } = settings;
  const client = new SNSClient({
    region,
    maxAttempts: 1,
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === null
      ? {}
      : {
          credentials: {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: credentials.secretAccessKey,
            ...(credentials.sessionToken === null
              ? {}
              : { sessionToken: credentials.sessionToken }),
          },
        }),
  });
  return {
    async publish(topicArn, subject, message, attributes, signal) {
      const command = new PublishCommand({
        TopicArn: topicArn,
        Subject: subject,
        Message: message,
        MessageAttributes: Object.fromEntries(
          attributes.map(({ name, value }) => [name, { DataType: 'String', StringValue: value }]),
        ),
      });
      try {
        const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(publishMsMax)]);
        const answer = await client.send(command, { abortSignal });
        return { kind: 'published', messageId: answer.MessageId ?? '' };
      } catch (error) {
        return answerOf(error);
      }
    },
    close: () => client.destroy(),
  };
}

/**
 * A client's fault never mends by itself, but for throttling and expired or missing credentials.
 */
function answerOf(error: unknown): PublishAnswer {
  if (!(error instanceof SNSServiceException)) {
    return { kind: 'unavailable', message: error instanceof Error ? error.message : String(error) };
  }
  const status = error.$metadata.httpStatusCode ?? 500;
  const message = `${error.name}: ${error.message}`;
  if (status >= 500 || status === 429 || mendable.has(error.name)) {
    return { kind: 'unavailable', message };
  }
  return { kind: 'refused', code: error.name, message: error.message };
}

const mendable: ReadonlySet<string> = new Set([
  'Throttled',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
]);
