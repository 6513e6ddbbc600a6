import { resolve } from 'node:path';
import base from '../../jest.config.js';

const [project] = base.projects;

/** @type {import('jest').Config} */
export default {
  maxWorkers: base.maxWorkers,
  testTimeout: base.testTimeout,
  reporters: [['default', { summaryThreshold: 0 }], resolve(import.meta.dirname, 'reporter.mjs')],
  projects: [
    {
      ...project,
      rootDir: resolve(import.meta.dirname, '../..'),
      displayName: 'chaos',
      testMatch: ['<rootDir>/test/chaos/*.{int,chaos}-spec.ts'],
    },
  ],
};
