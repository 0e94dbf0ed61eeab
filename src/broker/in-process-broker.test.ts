import { brokerContract } from '../../test/contracts/broker.ts';
import { silentLogger } from '../../test/support/database.ts';
import { createInProcessBroker } from './in-process-broker.ts';

brokerContract('in-process broker', async (t) => {
  const broker = createInProcessBroker(silentLogger);
  t.after(() => broker.close());
  return broker;
});
