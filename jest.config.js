import { availableParallelism } from 'node:os';

const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@redis-connection/(.*)\\.js$': '<rootDir>/libs/redis-connection/src/$1',
    '^@redis-cache/(.*)\\.js$': '<rootDir>/libs/redis-cache/src/$1',
    '^@worker-pool/(.*)\\.js$': '<rootDir>/libs/worker-pool/src/$1',
    '^@gateway/(.*)\\.js$': '<rootDir>/apps/gateway/src/$1',
    '^@test/(.*)\\.js$': '<rootDir>/test/$1',
  },
  // Applications of their own, with their own runner: npm run test:consumers.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/consumers/'],
  modulePathIgnorePatterns: ['<rootDir>/(libs|apps)/[^/]+/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

const MINIMUM_WORKERS = 2;

/** @type {import('jest').Config} */
export default {
  // Much of the suite waits for servers and processes: two workers are worth it on two cores, too.
  maxWorkers: Math.max(MINIMUM_WORKERS, availableParallelism() - 1),
  // An outer limit for a machine that is busy; what has to be quick says so itself.
  testTimeout: 60_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{libs,apps}/*/src/**/*.spec.ts'] },
    { ...shared, displayName: 'int', testMatch: ['<rootDir>/test/**/*.int-spec.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'] },
    // Only by `test/long-run.mjs`.
    ...(process.env.LONG_RUN === undefined
      ? []
      : [{ ...shared, displayName: 'long', testMatch: ['<rootDir>/test/**/*.long-spec.ts'] }]),
  ],
};
