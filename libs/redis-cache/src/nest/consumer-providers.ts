import type { FactoryProvider, InjectionToken, ModuleMetadata, Provider } from '@nestjs/common';
import { getRedisCacheToken } from './redis-cache.tokens.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import type { RequestConsumerOptions } from '../core/queue/consumer-options.js';
import { RequestConsumer } from '../core/queue/request-consumer.js';

type MaybeOptions<T> = RequestConsumerOptions<T> | null;

/** How a consumer is registered. */
export interface ConsumerRegistration<T = unknown> {
  /** Name of the queue; default: the one that the service is itself. */
  queue?: string;
  /** Name of the `RedisCacheModule` instance; the plain one has none. */
  name?: string;
  /** Modules that export what `inject` names. */
  imports?: ModuleMetadata['imports'];
  /** What `useFactory` is given. */
  inject?: FactoryProvider['inject'];
  /** Answers the consumer's options; `null` for no consumer in this process. */
  useFactory: (...args: never[]) => MaybeOptions<T> | Promise<MaybeOptions<T>>;
}

/**
 * Token of a consumer, to inject it by.
 *
 * @param queue name of its queue; none for the one that the service is itself
 * @param name name of the `RedisCacheModule` instance; the plain one has none
 */
export function getRequestConsumerToken(
  queue?: string,
  name?: string,
): InjectionToken<RequestConsumer | null> {
  return `RequestConsumer:${name ?? ''}:${queue ?? ''}`;
}

/**
 * A `RequestConsumer` as a provider, which Nest starts and stops with the application. For a module of yours in
 * which `RedisCacheService` can be injected; `RedisCacheModule.registerConsumer` makes a module of its own.
 *
 * @example
 * @Module({
 *   providers: [
 *     Mailer,
 *     createConsumerProvider({
 *       queue: 'mails',
 *       inject: [Mailer],
 *       useFactory: (mailer: Mailer) => ({ handler: ({ data }) => mailer.send(data), concurrency: 4 }),
 *     }),
 *   ],
 * })
 * export class MailModule {}
 */
export function createConsumerProvider<T>(registration: ConsumerRegistration<T>): Provider {
  const { queue, name, inject = [] } = registration;
  const useFactory = registration.useFactory as (...args: unknown[]) => Promise<MaybeOptions<T>>;
  return {
    provide: getRequestConsumerToken(queue, name),
    inject: [getRedisCacheToken(name), ...inject],
    useFactory: async (cache: RedisCacheService, ...args: unknown[]) => {
      const options = await useFactory(...args);
      if (options === null) return null;
      return new RequestConsumer(queue === undefined ? cache : cache.getQueue(queue), options);
    },
  };
}
