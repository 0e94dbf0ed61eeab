/** The processes of the stores behind the service under test, so that each row can show the CPU of a call there. */
import { rabbitmqUrl } from '../test/support/broker.ts';
import { databaseServerUrl } from '../test/support/database.ts';
import { redisUrl } from '../test/support/redis.ts';
import { findListener } from './load/cpu-time.ts';

const storeUrls = { postgresql: databaseServerUrl, redis: redisUrl, rabbitmq: rabbitmqUrl } as const;
const defaultPorts = { postgresql: 5432, redis: 6379, rabbitmq: 5672 } as const;

/** The listening process by the store's name; stores on other machines are missing. */
export function findStores(): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of Object.keys(storeUrls) as (keyof typeof storeUrls)[]) {
    const { port } = new URL(storeUrls[name]);
    const pid = findListener(port === '' ? defaultPorts[name] : Number(port));
    if (pid !== null) found[name] = pid;
  }
  return found;
}
