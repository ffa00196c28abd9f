// The log on real brokers keeps the contract of the log. A service is killed by cutting its
// connections, so that no group hears of its end; processes are killed in test/system.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import {
  type Brokers,
  openBrokers,
  type Tap,
} from '../../../services/adapters/log/kafka/brokers.ts';
import { connectLog } from '../../../services/adapters/log/kafka/connect.ts';
import { unanswered } from '../../../services/adapters/log/kafka/failure.ts';
import { claimGroupName } from '../../../services/adapters/log/kafka/names.ts';
import { deleteGroups } from '../../../services/adapters/log/kafka/wire.ts';
import { openTestBrokers, type TestBrokers } from '../../support/kafka-broker.ts';
import { describeWith, kafkaTiming, settingsFor } from '../../support/kafka-log.ts';
import { logContract } from './suite.ts';

/** Brokers that are away on purpose are not waited for. */
const faultyAwayMsMax = 200;
const awayMsMax = 20_000;

let opened: TestBrokers | null = null;

describeWith('kafka', () => {
  beforeAll(async () => {
    opened = await openTestBrokers();
  }, 120_000);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  logContract('kafka', async (faultAt) => {
    const settings = settingsFor(opened?.brokers ?? [], `contract-${randomUUID()}.`);
    const open: Brokers[] = [];
    let isFaulty = faultAt > 0;
    let requests = 0;
    // From the faultAt-th request on the brokers are away; each second time that request still
    // arrives, and only its answer is lost.
    const tap: Tap = async (moment, api) => {
      if (!isFaulty || api === 'fetch' || api === 'heartbeat') return;
      if (moment === 'before') requests += 1;
      const isLate = faultAt % 2 === 0;
      if (requests > faultAt || (requests === faultAt && isLate === (moment === 'after'))) {
        throw unanswered(api, 'an injected fault');
      }
    };
    const connect = async () => {
      const timing = { ...kafkaTiming, awayMsMax: isFaulty ? faultyAwayMsMax : awayMsMax };
      const notice = () => {};
      const brokers = openBrokers({ settings, clientId: 'contract', notice, timing, tap });
      open.push(brokers);
      return { ...(await connectLog(brokers)), kill: () => brokers.close() };
    };
    return {
      connect,
      heal: async () => {
        isFaulty = false;
      },
      forgetPosition: async (space, identity) => {
        const [brokers] = open;
        const group = claimGroupName(settings.prefix, space, identity);
        const address = await brokers?.link.coordinatorOf('group', group);
        await brokers?.link.send(address ?? '', deleteGroups, [group]);
      },
      end: async () => {
        for (const brokers of open) brokers.close();
      },
    };
  });
});
