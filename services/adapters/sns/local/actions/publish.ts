// Publish: one message to a topic, durable in the log before the answer. Size counts message, and
// attributes, as AWS counts it.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { appendMessage } from '../append-message.ts';
import type { MessageRecord, TypedAttribute } from '../record.ts';
import { invalid, type TopicRefusal } from '../refusal.ts';
import { type Action, answer, ownTopic, type Parameters } from './action.ts';

export const messageBytesMax = 256 * 1024;
const subjectCharactersMax = 100;
const attributesMax = 100;

type NotificationRecord = Extract<MessageRecord, { kind: 'notification' }>;
type Content = Pick<NotificationRecord, 'message' | 'perProtocol'>;

export const publish: Action = async (ports, call) => {
  const { parameters } = call;
  if (parameters['PhoneNumber'] !== undefined) {
    return invalid('PhoneNumber', 'local topics send no text messages');
  }
  const topic = ownTopic(ports, call);
  if (topic.kind === 'refused') return topic;
  const subject = parameters['Subject'] ?? null;
  const content = readContent(parameters);
  if ('kind' in content) return content;
  const attributes = readAttributes(parameters);
  if ('kind' in attributes) return attributes;
  const refusal = checkMessage(subject, content.message, attributes);
  if (refusal !== null) return refusal;
  const messageId = randomUUID();
  await appendMessage(ports.log, {
    kind: 'notification',
    messageId,
    topicArn: topic.arn,
    subject,
    ...content,
    attributes: [...attributes],
    publishedMs: ports.clock.wallMs(),
  });
  return answer({ MessageId: messageId });
};

/** Shared with the publisher port. */
export function checkMessage(
  subject: string | null,
  message: string,
  attributes: readonly TypedAttribute[],
): TopicRefusal | null {
  if (message === '') return invalid('Message', 'Empty message');
  const isSubjectFine =
    subject === null || (subject.length <= subjectCharactersMax && /^[!-~][ -~]*$/.test(subject));
  if (!isSubjectFine) {
    return invalid('Subject', `1 to ${subjectCharactersMax} printable ASCII characters`);
  }
  const parts = [message, ...attributes.flatMap(({ name, type, value }) => [name, type, value])];
  const bytes = parts.reduce((sum, part) => sum + new TextEncoder().encode(part).length, 0);
  if (bytes > messageBytesMax) return invalid('Message', 'Message too long');
  return null;
}

const structured = z.object({
  default: z.string(),
  http: z.string().optional(),
  https: z.string().optional(),
});

function readContent(parameters: Parameters): Content | TopicRefusal {
  const message = parameters['Message'] ?? '';
  const structure = parameters['MessageStructure'];
  if (structure === undefined) return { message, perProtocol: {} };
  if (structure !== 'json') return invalid('MessageStructure', 'must be json');
  const parsed = structured.safeParse(parseJson(message));
  if (!parsed.success) {
    return invalid('Message Structure', 'No default entry in JSON message body');
  }
  const { default: text, ...perProtocol } = parsed.data;
  return { message: text, perProtocol };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readAttributes(parameters: Parameters): readonly TypedAttribute[] | TopicRefusal {
  const found: TypedAttribute[] = [];
  for (let index = 1; index <= attributesMax; index += 1) {
    const prefix = `MessageAttributes.entry.${index}`;
    const name = parameters[`${prefix}.Name`];
    if (name === undefined) return found;
    const type = parameters[`${prefix}.Value.DataType`] ?? '';
    if (!/^(String|Number|Binary|String\.Array)(\.[\w.-]+)?$/.test(type)) {
      return invalid('MessageAttributes', `${name} has the unsupported type '${type}'`);
    }
    const member = type.startsWith('Binary') ? 'BinaryValue' : 'StringValue';
    const value = parameters[`${prefix}.Value.${member}`];
    if (value === undefined || value === '') {
      return invalid('MessageAttributes', `${name} must contain a non-empty ${member}`);
    }
    found.push({ name, type, value });
  }
  return invalid('MessageAttributes', `at most ${attributesMax} attributes`);
}
