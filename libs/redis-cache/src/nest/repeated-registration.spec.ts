import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type DynamicModule, Logger, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { RedisCacheModule } from './redis-cache.module.js';

const MEMORY = { backend: 'memory' } as const;

const running: TestingModule[] = [];
const warn = jest.fn();

beforeEach(() => void warn.mockClear());

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
  Logger.overrideLogger(['log', 'error', 'warn']);
});

/** Starts an application and returns the warnings of its cache. */
async function warningsOf(imports: (DynamicModule | Type)[]): Promise<string[]> {
  const app = await Test.createTestingModule({ imports }).compile();
  running.push(app);
  // After `compile`, which installs a logger of its own.
  Logger.overrideLogger({ log: jest.fn(), error: jest.fn(), warn });
  await app.init();
  return warn.mock.calls
    .filter(([, context]) => String(context).startsWith('RedisCache'))
    .map(([line]) => String(line));
}

function mailModule(cache: DynamicModule): Type {
  @Module({ imports: [cache] })
  class MailModule {}
  return MailModule;
}

function userModule(cache: DynamicModule): Type {
  @Module({ imports: [cache] })
  class UserModule {}
  return UserModule;
}

describe('a cache that is registered twice in one application', () => {
  it('is reported once, with the modules that import each registration and what to do', async () => {
    const mails = mailModule(RedisCacheModule.forRoot(MEMORY));
    const users = userModule(RedisCacheModule.forRootAsync({ useFactory: () => MEMORY }));
    const lines = await warningsOf([mails, users]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(
      'RedisCacheModule is registered 2 times without a name: by MailModule, by UserModule.',
    );
    expect(lines[0]).toContain('isGlobal: true');
    expect(lines[0]).toContain("forRoot({ name: 'second' })");
  });

  it('is reported for a global one beside another', async () => {
    const global = RedisCacheModule.forRoot({ ...MEMORY, isGlobal: true });
    const [line] = await warningsOf([global, mailModule(RedisCacheModule.forRoot(MEMORY))]);
    expect(line).toContain('registered 2 times without a name: globally, by MailModule.');
  });

  it('is reported with its name', async () => {
    const [one, two] = [1, 2].map(() => RedisCacheModule.forRoot({ ...MEMORY, name: 'mails' }));
    const [line] = await warningsOf([mailModule(one!), userModule(two!)]);
    expect(line).toContain('registered 2 times with the name "mails": by MailModule, by UserModule.');
  });
});

describe('no warning is given', () => {
  it('for instances with different names', async () => {
    const named = ['one', 'two'].map((name) => RedisCacheModule.forRoot({ ...MEMORY, name }));
    expect(await warningsOf([RedisCacheModule.forRoot(MEMORY), ...named])).toEqual([]);
  });

  it('for one registration that several modules import', async () => {
    const cache = RedisCacheModule.forRoot(MEMORY);
    expect(await warningsOf([mailModule(cache), userModule(cache)])).toEqual([]);
  });

  it('for several applications in one process', async () => {
    expect(await warningsOf([RedisCacheModule.forRoot(MEMORY)])).toEqual([]);
    expect(await warningsOf([RedisCacheModule.forRoot(MEMORY)])).toEqual([]);
  });
});
