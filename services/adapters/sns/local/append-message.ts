// Puts a message into the log, from where the delivery lane takes it to the subscribers.
import type { Log } from '../../../core/log.ts';
import { snsMessagesTopic } from '../../../core/names.ts';
import { encodeRecord, type MessageRecord } from './record.ts';

export async function appendMessage(log: Log, message: MessageRecord): Promise<void> {
  const value = encodeRecord(message);
  await log.send('control', [
    { topic: snsMessagesTopic, partition: 0, key: message.messageId, value },
  ]);
}
