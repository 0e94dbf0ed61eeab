import { rateLimiterContract } from '../../test/contracts/rate-limiter.ts';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger } from '../../test/support/database.ts';
import { redisAtClock } from '../../test/support/redis-at-clock.ts';
import { createLocalRateLimiter } from './rate-limit-local.ts';
import { createRateLimiter } from './rate-limiter.ts';

rateLimiterContract('in-process limiter', async () => {
  const clock = createManualClock();
  return { clock, limiter: createLocalRateLimiter({ clock }) };
});

rateLimiterContract('Redis limiter', async (t) => {
  const clock = createManualClock();
  const store = await redisAtClock(t, clock).openStore();
  const limiter = createRateLimiter({ store, clock, logger: silentLogger });
  t.after(() => limiter.close());
  return { clock, limiter };
});
