/**
 * Lets plain Node run the TypeScript of tests, for programs that are a process of their own:
 *
 *   node --import ./test/support/typescript.mjs test/chaos/subject/main.ts
 *
 * The packages of the workspace are the built ones, as for every program.
 */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { transform } from '@swc/core';

const TESTS = new URL('../', import.meta.url);
const ALIAS = /^@test\//;
const SOURCE = /\.ts$/;

// Node runs the hooks, from this same file, in a thread of their own.
if (isMainThread) register(import.meta.url);

/** `./x.js` of a TypeScript file, and `@test/x.js`, lead to `x.ts`. */
export function resolve(specifier, context, next) {
  const isRelative = specifier.startsWith('.') && SOURCE.test(context.parentURL ?? '');
  if (!isRelative && !ALIAS.test(specifier)) return next(specifier, context);
  const base = isRelative ? context.parentURL : TESTS;
  const path = specifier.replace(ALIAS, './').replace(/\.js$/, '.ts');
  return { url: new URL(path, base).href, shortCircuit: true };
}

export async function load(url, context, next) {
  if (!SOURCE.test(url)) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    filename,
    sourceMaps: 'inline',
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'es6' },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
