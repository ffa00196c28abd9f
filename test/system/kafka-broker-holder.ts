// The child of kafka-broker.test.ts: starts a broker, says where it is and where its data are, and
// holds it until it is killed.
import { startTestBroker } from '../support/kafka-broker.ts';

const broker = await startTestBroker();
process.send?.(`${broker.address} ${broker.dataFolder}`);
