// What tests of the Kafka log share: settings of a throwaway installation, timing that is quick
// enough for tests, and the loud skip where there is no broker.
import { describe } from 'vitest';
import { kafkaIsHere } from './kafka-broker.ts';

export { kafkaTiming, settingsFor } from './kafka-log-settings.ts';

const isHere = await kafkaIsHere();

/** The suite, or one skipped test that says what is missing. */
export function describeWith(name: string, suite: () => void): void {
  describe.skipIf(!isHere)(`${name} (needs a Kafka broker: Java 17 and Maven)`, suite);
}
