import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import type { EnvLookup } from '../core.js';

/** Injection token of the function that returns the value of a variable. */
export const ENV_LOOKUP = Symbol('EnvLookup');

/** Holds the {@link ENV_LOOKUP} of one instance. */
@Module({})
class EnvModule {}

/**
 * Provides {@link ENV_LOOKUP} from the application's `ConfigService`. Loads `@nestjs/config` only here, because an
 * application that passes its options itself need not install it. Rejects if it is not installed.
 *
 * @param imports modules that have to be ready before the variables are read
 */
export function envModule(imports: ModuleMetadata['imports'] = []): Promise<DynamicModule> {
  const loading = load(imports);
  // Nest awaits it later and reports a rejection then; without a handler it would end the process before.
  loading.catch(() => {});
  return loading;
}

async function load(imports: NonNullable<ModuleMetadata['imports']>): Promise<DynamicModule> {
  const { ConfigModule, ConfigService } = await import('@nestjs/config').catch(refuse);
  const lookup = {
    provide: ENV_LOOKUP,
    inject: [ConfigService],
    useFactory: (config: { get(name: string): unknown }): EnvLookup => {
      return (name) => config.get(name);
    },
  };
  return {
    module: EnvModule,
    imports: [...imports, ConfigModule],
    providers: [lookup],
    exports: [ENV_LOOKUP],
  };
}

function refuse(cause: unknown): never {
  throw new Error(
    'RedisCacheModule.forRootAsync() without useFactory, useClass or useExisting reads ConfigService and needs the ' +
      'package @nestjs/config: npm install @nestjs/config, or use RedisCacheModule.forRoot(options)',
    { cause },
  );
}
