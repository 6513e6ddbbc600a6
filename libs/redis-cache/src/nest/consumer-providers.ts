import type {
  BeforeApplicationShutdown,
  FactoryProvider,
  InjectionToken,
  ModuleMetadata,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  Provider,
} from '@nestjs/common';
import type { RedisCacheService, RequestConsumer, RequestConsumerOptions } from '../core.js';
import { registrationNames } from './option-names.js';
import { getRedisCacheToken } from './redis-cache.tokens.js';

type MaybeOptions<T> = RequestConsumerOptions<T> | null;

/** How a consumer is registered. */
export interface ConsumerRegistration<T = unknown> {
  /** Name of the queue. Default: the module's default queue. */
  queue?: string;
  /** Name of the `RedisCacheModule` instance. Default: the unnamed one. */
  name?: string;
  /** Modules that export the providers in `inject`. */
  imports?: ModuleMetadata['imports'];
  /** Providers passed to `useFactory`. */
  inject?: FactoryProvider['inject'];
  /** Returns the consumer's options, or `null` for no consumer in this process. */
  useFactory: (...args: never[]) => MaybeOptions<T> | Promise<MaybeOptions<T>>;
}

const REGISTRATION = registrationNames<ConsumerRegistration>({
  queue: true,
  name: true,
  imports: true,
  inject: true,
  useFactory: true,
});

/**
 * Injection token of a registered consumer.
 *
 * @param queue name of its queue; omitted for the default queue
 * @param name name of the `RedisCacheModule` instance; omitted for the unnamed one
 */
export function getRequestConsumerToken(
  queue?: string,
  name?: string,
): InjectionToken<RequestConsumer | null> {
  return `RequestConsumer:${name ?? ''}:${queue ?? ''}`;
}

/**
 * A provider with a `RequestConsumer` that Nest starts with the application and stops at its shutdown. For modules in
 * which `RedisCacheService` can be injected; `RedisCacheModule.registerConsumer` makes a module of its own.
 *
 * @throws {InvalidOptionsError} an unknown field of the registration
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
  REGISTRATION.check(registration, 'registration');
  const { queue, name, inject = [] } = registration;
  const useFactory = registration.useFactory as (...args: unknown[]) => Promise<MaybeOptions<T>>;
  return {
    provide: getRequestConsumerToken(queue, name),
    inject: [getRedisCacheToken(name), ...inject],
    useFactory: async (cache: RedisCacheService, ...args: unknown[]) => {
      const options = await useFactory(...args);
      if (options === null) return null;
      return withLifecycle(cache.queue(queue).createConsumer(options));
    },
  };
}

type LifecycleHooks = OnApplicationBootstrap & BeforeApplicationShutdown & OnApplicationShutdown;

/** Nest calls these hooks on whatever object a factory returns. */
function withLifecycle<T>(consumer: RequestConsumer<T>): RequestConsumer<T> & LifecycleHooks {
  return Object.assign(consumer, {
    onApplicationBootstrap: () => consumer.start(),
    // Not awaited: it would delay the hooks of other providers, which may drain at the same time.
    beforeApplicationShutdown: () => void consumer.stop(),
    onApplicationShutdown: () => consumer.stop(),
  });
}
