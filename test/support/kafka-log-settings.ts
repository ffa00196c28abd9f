// Settings and timing of Kafka logs in tests, for programs outside a test too.
import { type Timing, timingDefaults } from '../../services/adapters/log/kafka/brokers.ts';
import type { KafkaSettings } from '../../services/core/settings.ts';

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
