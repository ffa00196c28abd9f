// Which records in our topics on brokers something else must have written: those without the frame
// that every Avro record of ours has. The frame's checksum makes a mistake as good as impossible; a
// record of a newer s3batch has the frame, and is refused where it is read.

import { isFrame } from '../../schemas/record.ts';
import type { IsForeign } from '../adapters/log/kafka/brokers.ts';
import {
  historyTopic,
  inboxTopic,
  jobsTopic,
  partsTopic,
  repliesTopic,
  resultsTopic,
  tasksTopic,
} from '../core/names.ts';

const framed = /^(?:control|job\.[^.]+)\.(?<topic>[^.]+)$/;
const withValue = new Set([historyTopic, partsTopic, repliesTopic, resultsTopic, tasksTopic]);
/** A record without a value wakes the coordinator, or takes a job away. */
const withOrWithout = new Set([inboxTopic, jobsTopic]);

/** Topics of other forms (SNS's, outside producers') are left alone. */
export function foreignCheck(prefix: string): IsForeign {
  return (topic, value) => {
    const name = framed.exec(topic.slice(prefix.length))?.groups?.['topic'] ?? '';
    if (withValue.has(name)) return value === null || !isFrame(value);
    if (withOrWithout.has(name)) return value !== null && !isFrame(value);
    return false;
  };
}
