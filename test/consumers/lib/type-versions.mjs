import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { node } from './commands.mjs';

const COMMON = {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
};
const MODES = {
  node10: { module: 'commonjs', moduleResolution: 'node10' },
  node16: { module: 'node16' },
  nodenext: { module: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};
/**
 * Every version and every way, but not each with each, which would take minutes. TypeScript 7 has no `node10`, and Nest 12,
 * which has only ES modules behind `exports`, cannot be resolved by it.
 */
export const COMPILED = {
  commonjs: {
    5.4: ['node10', 'node16', 'bundler'],
    5.9: ['node10', 'nodenext'],
    '6.0': ['node10', 'nodenext'],
    '7.0': ['node16', 'nodenext', 'bundler'],
  },
  module: {
    5.4: ['node16', 'bundler'],
    5.9: ['nodenext'],
    '6.0': ['nodenext', 'bundler'],
    '7.0': ['node16', 'nodenext', 'bundler'],
  },
};

/** Compiles a file that uses every entry with several versions of TypeScript and all ways to resolve modules. */
export async function typeVersions({ folder, isModule, tools }) {
  const combinations = Object.entries(COMPILED[isModule ? 'module' : 'commonjs']);
  const compilations = combinations.flatMap(([version, modes]) => modes.map((mode) => [version, mode]));
  // Each takes one core for some seconds. The workers share one list, so that none is idle.
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let next = compilations.shift(); next; next = compilations.shift()) {
      await compile(folder, tools, ...next);
    }
  });
  await Promise.all(workers);
}

async function compile(folder, tools, version, mode) {
  const deprecated = mode === 'node10' && version === '6.0' ? { ignoreDeprecations: '6.0' } : {};
  const project = `types/${version}-${mode}`;
  writeProject(join(folder, project), { ...COMMON, ...MODES[mode], ...deprecated });
  await node(folder, [join(tools, `node_modules/typescript-${version}/bin/tsc`), '-p', project]);
}

function writeProject(folder, compilerOptions) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['../usage.ts'] }));
}
