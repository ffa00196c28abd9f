// The Publisher port for local topics: a message is published once it stands in the log.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { Log } from '../../../core/log.ts';
import type { Publisher } from '../../../core/notify.ts';
import { checkMessage } from './actions/publish.ts';
import { appendMessage } from './append-message.ts';
import { openTopicRegistry } from './registry.ts';

export async function openLocalPublisher(
  ports: { readonly log: Log; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Publisher> {
  const registry = await openTopicRegistry(ports.log, signal);
  return {
    async publish(topicArn, subject, message, attributes, stop) {
      await registry.caughtUp(stop);
      if (registry.topic(topicArn) === undefined) {
        return {
          kind: 'refused',
          code: 'NotFound',
          message: `there is no local topic ${topicArn}; create it with aws sns create-topic`,
        };
      }
      const typed = attributes.map(({ name, value }) => ({ name, type: 'String', value }));
      const refusal = checkMessage(subject, message, typed);
      if (refusal !== null) {
        return { kind: 'refused', code: refusal.code, message: refusal.message };
      }
      const messageId = randomUUID();
      await appendMessage(ports.log, {
        kind: 'notification',
        messageId,
        topicArn,
        subject,
        message,
        perProtocol: {},
        attributes: typed,
        publishedMs: ports.clock.wallMs(),
      });
      return { kind: 'published', messageId };
    },
  };
}
