// What tests of the Kafka log share: settings of a throwaway installation, timing that is quick
// enough for tests, and the loud skip where there is no broker.
import { describe } from 'vitest';
import { type Timing, timingDefaults } from '../../services/adapters/log/kafka/brokers.ts';
import type { KafkaSettings } from '../../services/core/settings.ts';
import { kafkaIsHere } from './kafka-broker.ts';

const isHere = await kafkaIsHere();

/** The suite, or one skipped test that says what is missing. */
export function describeWith(name: string, suite: () => void): void {
  describe.skipIf(!isHere)(`${name} (needs a Kafka broker: Java 17 and Maven)`, suite);
}

/** The test broker allows sessions of a second. */
export const kafkaTiming: Timing = {
  ...timingDefaults,
  sessionMs: 2_000,
  heartbeatMs: 300,
  rebalanceMs: 5_000,
  awayMsMax: 20_000,
};

export function settingsFor(brokers: readonly string[], prefix: string): KafkaSettings {
  return {
    brokers,
    prefix,
    replicationFactor: null,
    partitionsMax: 32,
    compression: 'none',
    tls: null,
    sasl: null,
  };
}
