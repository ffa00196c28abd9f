// Which known name somebody may have meant.
import { expect, test } from 'vitest';
import { nearName } from '../../../services/core/near-name.ts';

const known = ['KAFKA_BROKERS', 'KAFKA_TLS', 'KAFKA_TLS_CA', 'KAFKA_TOPIC_PREFIX'];

test.each([
  ['KAFKA_BROKER', 'KAFKA_BROKERS'],
  ['KAFKA_BROKRES', 'KAFKA_BROKERS'],
  ['KAFKA_TOPICS_PREFIX', 'KAFKA_TOPIC_PREFIX'],
  ['KAFKA_TLS_C', 'KAFKA_TLS_CA'],
  ['KAFKA_TLS_CERTIFICATE', null],
  ['', null],
])('%s: %s', (name, near) => {
  expect(nearName(name, known)).toBe(near);
});
