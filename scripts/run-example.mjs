/**
 * Compiles an example and runs it: `npm run example decorator`. Plain TypeScript compilers do the same; Node alone does not,
 * because the decorators of Nest need a compiler.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');
const COMPILER_OPTIONS = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

const [name = ''] = process.argv.slice(2);
const source = readFileSync(join(ROOT, 'examples', `${name.replace(/\.ts$/, '')}.ts`), 'utf8');
// Within the workspace, so that the packages are found as a user would find them.
const folder = join(ROOT, 'node_modules/.cache/examples');
mkdirSync(folder, { recursive: true });
const file = join(folder, `${name}.mjs`);
writeFileSync(file, ts.transpileModule(source, { compilerOptions: COMPILER_OPTIONS }).outputText);
process.exitCode = spawnSync(process.execPath, [file], { stdio: 'inherit' }).status ?? 1;
