import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Logger } from '@nestjs/common';
import { ConfigModule, ConfigService, registerAs } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Concealed } from 'nestjs-redis-connection';
import type { RedisCacheOptions } from '../core/options/redis-cache-options.js';
import { redisCacheConfig } from '../config/index.js';
import { RedisCacheModule } from './redis-cache.module.js';
import { MODULE_OPTIONS_TOKEN } from './redis-cache.providers.js';
import { RedisCacheService } from '../core/redis-cache.service.js';

/** Nobody listens there, so that no test depends on a Redis of the machine. */
const NOWHERE = 'unix:///nonexistent/redis.sock';

const optionsOf = (app: TestingModule): RedisCacheOptions =>
  app.get<Concealed<RedisCacheOptions>>(MODULE_OPTIONS_TOKEN, { strict: false }).reveal();

describe('RedisCacheModule.forRootAsync() without an argument', () => {
  let dir: string;
  let before: NodeJS.ProcessEnv;
  const running: TestingModule[] = [];

  beforeEach(async () => {
    Logger.overrideLogger(false);
    dir = await mkdtemp(join(tmpdir(), 'redis-cache-env-'));
    before = { ...process.env };
    for (const name of Object.keys(process.env)) if (/^(REDIS|CACHE)_/.test(name)) delete process.env[name];
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()));
    process.env = before;
    await rm(dir, { recursive: true });
  });

  async function start(...imports: (DynamicModule | Promise<DynamicModule>)[]): Promise<TestingModule> {
    const app = await Test.createTestingModule({ imports }).compile();
    running.push(app);
    return app.init();
  }

  async function envFile(...lines: string[]): Promise<string> {
    const file = join(dir, '.env');
    await writeFile(file, lines.join('\n'));
    return file;
  }

  it('reads the process environment without any ConfigModule in the application', async () => {
    Object.assign(process.env, { REDIS_URL: NOWHERE, CACHE_TTL_SECONDS: '60' });
    const app = await start(RedisCacheModule.forRootAsync());
    expect(optionsOf(app)).toEqual({ connection: { url: NOWHERE }, ttlSeconds: 60 });
    expect(app.get(RedisCacheService, { strict: false }).getStatus().backend).toBe('redis');
  });

  it.each(['before', 'after'])(
    'reads an env file of a ConfigModule that is not global, imported %s it',
    async (order) => {
      const envFilePath = await envFile(`REDIS_URL=${NOWHERE}`, 'CACHE_TTL_SECONDS=61');
      const modules = [ConfigModule.forRoot({ envFilePath }), RedisCacheModule.forRootAsync()];
      const app = await start(...(order === 'before' ? modules : modules.toReversed()));
      expect(optionsOf(app)).toEqual({ connection: { url: NOWHERE }, ttlSeconds: 61 });
    },
  );

  it.each(['before', 'after'])('reads what a configuration file loads, imported %s it', async (order) => {
    const load = [(): object => ({ REDIS_URL: NOWHERE, CACHE_TTL_SECONDS: 62 })];
    const modules = [ConfigModule.forRoot({ ignoreEnvFile: true, load }), RedisCacheModule.forRootAsync()];
    const app = await start(...(order === 'before' ? modules : modules.toReversed()));
    expect(optionsOf(app)).toEqual({ connection: { url: NOWHERE }, ttlSeconds: 62 });
  });

  it('reads a global ConfigModule as well', async () => {
    const envFilePath = await envFile(`REDIS_URL=${NOWHERE}`, 'REDIS_KEY_PREFIX=app');
    const app = await start(
      ConfigModule.forRoot({ envFilePath, isGlobal: true }),
      RedisCacheModule.forRootAsync(),
    );
    expect(optionsOf(app)).toEqual({ connection: { url: NOWHERE }, keyPrefix: 'app' });
  });

  it('can be named and global, and still reads the environment', async () => {
    process.env['REDIS_URL'] = NOWHERE;
    const app = await start(RedisCacheModule.forRootAsync({ name: 'x', isGlobal: true }));
    expect(optionsOf(app)).toEqual({ connection: { url: NOWHERE } });
    expect(app.get('RedisCacheService:x', { strict: false })).toBeInstanceOf(RedisCacheService);
  });

  it('waits for a configuration that loads asynchronously if it is imported', async () => {
    const load = [
      async (): Promise<object> => {
        await new Promise((resolve) => setImmediate(resolve));
        return { REDIS_URL: NOWHERE, CACHE_TTL_SECONDS: 64 };
      },
    ];
    const imports = [ConfigModule.forRoot({ ignoreEnvFile: true, load })];
    const app = await start(RedisCacheModule.forRootAsync({ imports }));
    expect(optionsOf(app)).toMatchObject({ ttlSeconds: 64 });
  });

  it('starts even if nothing listens at the address', async () => {
    process.env['REDIS_URL'] = NOWHERE;
    const app = await start(RedisCacheModule.forRootAsync());
    expect(await app.get(RedisCacheService, { strict: false }).isConnected()).toBe(false);
  });

  it('fails with the name of the wrong variable, without its value', async () => {
    process.env['REDIS_URL'] = 'redis://:hunter2%zz@cache';
    const failure = await start(RedisCacheModule.forRootAsync()).catch((error: Error) => error);
    expect(String(failure)).toMatch(/InvalidOptionsError: REDIS_URL must be an address/);
    expect(String((failure as Error).stack)).not.toContain('hunter2');
  });

  it('accepts the configuration of the package instead', async () => {
    Object.assign(process.env, { REDIS_URL: NOWHERE, CACHE_TTL_SECONDS: '65' });
    const app = await start(RedisCacheModule.forRootAsync(redisCacheConfig.asProvider()));
    expect(optionsOf(app)).toEqual({ connection: { url: NOWHERE }, ttlSeconds: 65 });
  });

  it('accepts a configuration of the application through ConfigService', async () => {
    const own = registerAs('own', () => ({ backend: 'memory' as const, ttlSeconds: 66 }));
    const cache = RedisCacheModule.forRootAsync({
      imports: [ConfigModule.forFeature(own)],
      inject: [ConfigService],
      useFactory: (config: ConfigService) => config.getOrThrow<RedisCacheOptions>('own'),
    });
    expect(optionsOf(await start(cache))).toEqual({ backend: 'memory', ttlSeconds: 66 });
  });
});
