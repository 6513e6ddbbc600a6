import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** As it is written in the source. */
  specifier: string;
  /** Path of the imported file from the root of the repository; `undefined` for packages and aliases. */
  target: string | undefined;
}

export interface SourceFile {
  /** Path from the root of the repository, with forward slashes. */
  path: string;
  lines: number;
  /** All imports, re-exports, dynamic imports and type imports. */
  imports: readonly Import[];
}

const SOURCES = new Set(['.ts', '.mjs', '.js', '.css', '.html']);
const SCRIPTS = new Set(['.ts', '.mjs', '.js']);
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage']);
const READ_IMPORTS_ONLY = true;
const WITH_DYNAMIC_IMPORTS = true;

/** Every source file of the libraries, the apps and the tests. */
export function readSourceFiles(): SourceFile[] {
  return ['libs', 'apps', 'test'].flatMap(filesIn).map((path) => parse(path, readFileSync(path, 'utf8')));
}

export function parse(path: string, text: string): SourceFile {
  const specifiers = SCRIPTS.has(extname(path)) ? specifiersIn(text) : [];
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: specifiers.map((specifier) => ({ specifier, target: targetOf(path, specifier) })),
  };
}

/** The folder of the package that a file belongs to, such as `libs/redis-cache`; `test` for all tests there. */
export function packageOf(path: string): string {
  const [top, name] = path.split('/');
  return top === 'test' ? top : `${top}/${name}`;
}

export function isSpec(path: string): boolean {
  return path.startsWith('test/') || path.includes('.spec.') || path.includes('/spec-support/');
}

/** Sources of a package that its manifest names under `exports`, such as `libs/redis-cache/src/index.ts`. */
export function entriesOf(packagePath: string): string[] {
  const manifest = join(packagePath, 'package.json');
  const exported = existsSync(manifest) ? readFileSync(manifest, 'utf8') : '';
  return [...exported.matchAll(/"\.\/dist\/(?<entry>(?!cjs\/)[^"]+)\.js"/g)].map(
    ({ groups }) => `${packagePath}/src/${groups?.['entry']}.ts`,
  );
}

/** The items by what `keyOf` returns for them (`Map.groupBy`, which Node 20 lacks). */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.has(name))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesIn(path);
      return SOURCES.has(extname(path)) && !path.endsWith('.d.ts') ? [path] : [];
    });
}

function specifiersIn(text: string): string[] {
  const { importedFiles } = ts.preProcessFile(text, READ_IMPORTS_ONLY, WITH_DYNAMIC_IMPORTS);
  return importedFiles.map(({ fileName }) => fileName);
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = normalize(join(dirname(path), specifier)).replaceAll('\\', '/');
  return path.endsWith('.ts') ? target.replace(/\.js$/, '.ts') : target;
}
