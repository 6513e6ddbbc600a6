import { CacheOperation, isObserved } from '../telemetry/operation.js';
import type { RequestHandler } from './consumer-options.js';
import type { Delivery } from './deliveries.js';
import type { QueueContext } from './queue-core.js';

/** Calls the handler of a consumer, and publishes it as an operation while somebody subscribes. */
export function handle<T>(
  { guard, name }: QueueContext,
  handler: RequestHandler<T>,
  delivery: Delivery<T>,
): unknown {
  if (!isObserved()) return handler(delivery.request, delivery);
  const operation = new CacheOperation('process', guard.states.cache, name);
  operation.count = 1;
  return operation.observe(
    async () => handler(delivery.request, delivery),
    () => (delivery.isLost ? 'lost' : 'ok'),
  );
}
