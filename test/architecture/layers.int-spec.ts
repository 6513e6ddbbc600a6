import { describe, expect, it } from '@jest/globals';
import { RULES } from './rules.js';
import { parse, readSourceFiles } from './source-files.js';

const files = readSourceFiles();

it.each(RULES)('$name', ({ check }) => {
  expect(check(files).map(({ file, message }) => `${file} ${message}`)).toEqual([]);
});

/** Each rule with sources that break it, as pairs of path and text, and the files it has to report. */
const FIXTURES: Record<string, { sources: Record<string, string>; reported: string[] }> = {
  'the engine knows no framework': {
    sources: {
      'libs/redis-cache/src/core/a.ts': "import type { Logger } from '@nestjs/common';",
      'libs/redis-cache/src/core/b/c.ts': "export { map } from 'rxjs/operators';",
      'libs/redis-cache/src/core/d.ts': "import 'reflect-metadata';",
      'libs/redis-cache/src/core/e.ts': "import { Module } from '../nest/module.js';",
      'libs/redis-cache/src/core/allowed.ts': "import { Redis } from 'ioredis'; // from 'rxjs'",
      'libs/redis-cache/src/core/allowed.spec.ts': "import { Test } from '@nestjs/testing';",
      'libs/redis-cache/src/nest/module.ts': "import { Module } from '@nestjs/common';",
      'libs/redis-cache/src/index.ts': "import 'reflect-metadata';",
      'libs/worker-pool/src/local/pool.ts': "import { Logger } from '@nestjs/common';",
      'libs/shared/src/index.ts': "import { Logger } from '@nestjs/common';",
      'apps/gateway/src/main.ts': "import { NestFactory } from '@nestjs/core';",
    },
    reported: [
      'libs/redis-cache/src/core/a.ts',
      'libs/redis-cache/src/core/b/c.ts',
      'libs/redis-cache/src/core/d.ts',
      'libs/redis-cache/src/core/e.ts',
      'libs/worker-pool/src/local/pool.ts',
      'libs/shared/src/index.ts',
    ],
  },
  'cache and queue do not know each other': {
    sources: {
      'libs/redis-cache/src/core/cache/a.ts': "import type { Queue } from '../queue/queue.js';",
      'libs/redis-cache/src/core/near/b.ts': "const { Queue } = await import('../queue/queue.js');",
      'libs/redis-cache/src/core/queue/consumer/c.ts': "export * from '../../entry/ttl.js';",
      'libs/redis-cache/src/core/cache/allowed.ts': "import { ttl } from '../entry/ttl.js';",
      'libs/redis-cache/src/core/instance.ts': "import './cache/a.js'; import './queue/c.js';",
    },
    reported: [
      'libs/redis-cache/src/core/cache/a.ts',
      'libs/redis-cache/src/core/near/b.ts',
      'libs/redis-cache/src/core/queue/consumer/c.ts',
    ],
  },
  'layers import downwards only': {
    sources: {
      'libs/redis-cache/src/core/connection/a.ts': "import type { Backend } from '../backend/backend.js';",
      'libs/redis-cache/src/core/backend/redis/b.ts': "import { Guard } from '../../guard/guard.js';",
      'libs/redis-cache/src/core/guard/c.ts': "import type { Entry } from '../cache/entry.js';",
      'libs/redis-cache/src/core/cache/allowed.ts': "import '../guard/c.js'; import '../near/near.js';",
      'libs/redis-cache/src/core/backend/allowed.ts':
        "import '../connection/a.js'; import '../counters/x.js';",
    },
    reported: [
      'libs/redis-cache/src/core/connection/a.ts',
      'libs/redis-cache/src/core/backend/redis/b.ts',
      'libs/redis-cache/src/core/guard/c.ts',
    ],
  },
  'adapters import the engine by its public face': {
    sources: {
      'libs/redis-cache/src/core.ts': "export * from './core/entry/key.js';",
      'libs/redis-cache/src/http/a.ts': "import { key } from '../core/entry/key.js';",
      'libs/redis-cache/src/prometheus/d.ts': "import type { Counters } from '../core/counters/counters.js';",
      'libs/redis-cache/src/testing/chaos/b.ts': "import { Guard } from '../../core/guard/guard.js';",
      'libs/redis-cache/src/testing/c.ts': "import { Memory } from '../core/backend/memory/memory.js';",
      'libs/redis-cache/src/testing/allowed.ts': "import type { Backend } from '../core/backend/backend.js';",
      'libs/redis-cache/src/nest/allowed.ts': "import { createRedisCache } from '../core.js';",
      'libs/without-a-face/src/nest/allowed.ts': "import { create } from '../core/create.js';",
      'libs/redis-cache/src/nest/allowed.spec.ts': "import { Guard } from '../core/guard/guard.js';",
    },
    reported: [
      'libs/redis-cache/src/http/a.ts',
      'libs/redis-cache/src/prometheus/d.ts',
      'libs/redis-cache/src/testing/chaos/b.ts',
      'libs/redis-cache/src/testing/c.ts',
    ],
  },
  'only prometheus/ of a library loads prom-client': {
    sources: {
      'libs/redis-cache/src/core/a.ts': "import type { Registry } from 'prom-client';",
      'libs/redis-cache/src/nest/b.ts': "import { registerCacheMetrics } from '../prometheus/index.js';",
      'libs/worker-pool/src/index.ts': "export * from './prometheus/index.js';",
      'libs/redis-cache/src/prometheus/allowed.ts': "import { Counter } from 'prom-client';",
      'libs/redis-cache/src/prometheus/allowed.spec.ts': "import { Registry } from 'prom-client';",
      'apps/gateway/src/allowed.ts': "import { Registry } from 'prom-client';",
    },
    reported: [
      'libs/redis-cache/src/core/a.ts',
      'libs/redis-cache/src/nest/b.ts',
      'libs/worker-pool/src/index.ts',
    ],
  },
  'only opentelemetry/ of a library loads @opentelemetry/api': {
    sources: {
      'libs/redis-cache/src/core/a.ts': "import { trace } from '@opentelemetry/api';",
      'libs/redis-cache/src/nest/b.ts': "import { registerCacheTelemetry } from '../opentelemetry/index.js';",
      'libs/redis-cache/src/opentelemetry/allowed.ts': "import { trace } from '@opentelemetry/api';",
      'apps/gateway/src/allowed.ts': "import { trace } from '@opentelemetry/api';",
    },
    reported: ['libs/redis-cache/src/core/a.ts', 'libs/redis-cache/src/nest/b.ts'],
  },
  'nothing imports internals of Nest': {
    sources: {
      'libs/redis-cache/src/http/a.ts': "import { X } from '@nestjs/common/constants';",
      'apps/gateway/src/b.ts': "import type { Y } from '@nestjs/common/enums/route-paramtypes.enum';",
      'apps/gateway/src/allowed.ts': "import { Controller } from '@nestjs/common';",
    },
    reported: ['libs/redis-cache/src/http/a.ts', 'apps/gateway/src/b.ts'],
  },
  'packages import each other by name': {
    sources: {
      'apps/gateway/src/a.ts': "import { x } from '../../../libs/redis-cache/src/index.js';",
      'libs/worker-pool/src/b.ts': "import { x } from '../../redis-cache/src/core/x.js';",
      'test/queue/c.int-spec.ts': "import { x } from '../../libs/redis-cache/src/core/x.js';",
      'apps/gateway/src/allowed.ts': "import 'nestjs-redis-cache'; import './a.js';",
      'test/queue/allowed.int-spec.ts': "import '@redis-cache/core/x.js'; import '../support/index.js';",
    },
    reported: ['apps/gateway/src/a.ts', 'libs/worker-pool/src/b.ts', 'test/queue/c.int-spec.ts'],
  },
  'folders form no cycle': {
    sources: {
      'libs/shared/src/a/one.ts': "import type { Two } from '../b/two.js';",
      'libs/shared/src/b/two.ts': "import { three } from '../c/three.js';",
      'libs/shared/src/c/three.ts': "import { other } from '../a/other.js';",
      'libs/shared/src/a/other.ts': '',
      'libs/shared/src/d/above.ts': "import { one } from '../a/one.js';",
      'apps/gateway/src/a/one.ts': "import { inside } from './inside.js';",
      'apps/gateway/src/a/inside.ts': "import { one } from './one.js';",
    },
    reported: ['libs/shared/src/a', 'libs/shared/src/b', 'libs/shared/src/c'],
  },
  'no file has more than 300 lines': {
    sources: {
      'libs/redis-cache/src/core/a.ts': '\n'.repeat(301),
      'libs/redis-cache/src/core/allowed.ts': '\n'.repeat(300),
      'libs/redis-cache/src/core/allowed.spec.ts': '\n'.repeat(301),
    },
    reported: ['libs/redis-cache/src/core/a.ts'],
  },
};

describe.each(RULES)('the rule "$name"', ({ name, check }) => {
  it('reports what breaks it, and nothing else', () => {
    const { sources, reported } = FIXTURES[name]!;
    const parsed = Object.entries(sources).map(([path, text]) => parse(path, text));
    expect(check(parsed).map(({ file }) => file)).toEqual(reported);
  });
});

it('an entry of a package is a node of its own', () => {
  const sources = {
    'libs/redis-cache/src/index.ts': "export * from './nest/module.js'; export * from './limits.js';",
    'libs/redis-cache/src/nest/module.ts': "import { LIMIT } from '../limits.js';",
    'libs/redis-cache/src/limits.ts': '',
  };
  const folders = RULES.find(({ name }) => name === 'folders form no cycle')!;
  expect(folders.check(Object.entries(sources).map(([path, text]) => parse(path, text)))).toEqual([]);
});
