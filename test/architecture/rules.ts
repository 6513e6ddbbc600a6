import { foldersInCycles } from './folder-cycles.js';
import { entriesOf, groupBy, type Import, isSpec, packageOf, type SourceFile } from './source-files.js';

export interface Violation {
  file: string;
  /** What is wrong, and what to do instead. */
  message: string;
}

export interface Rule {
  name: string;
  check(files: readonly SourceFile[]): Violation[];
}

const MAX_LINES = 300;
const FRAMEWORK = /^(?:@nestjs\/|rxjs(?:\/|$)|reflect-metadata(?:\/|$))/;
const NEST_INTERNALS = /^@nestjs\/[^/]+\/./;
const PRODUCT = /^(?:libs|apps)\/[^/]+\/(?:src|public)\//;
const LIBRARY = /^libs\/[^/]+\/src\//;
const ADAPTER =
  /^libs\/[^/]+\/src\/(?:nest|config|http|health|keyv|prometheus|opentelemetry|testing|throttler)\//;
const PROMETHEUS = /^libs\/[^/]+\/src\/prometheus\//;
const PROM_CLIENT = /^prom-client(?:\/|$)/;
const OPENTELEMETRY = /^libs\/[^/]+\/src\/opentelemetry\//;
const OPENTELEMETRY_PACKAGE = /^@opentelemetry\//;
const TESTING = /^libs\/[^/]+\/src\/testing\//;
const ENGINE_CORE = /^libs\/[^/]+\/src\/core\//;
const BACKEND_CONTRACT = /^libs\/redis-cache\/src\/core\/(?:backend\/[^/]+|entry\/entry-envelope)\.ts$/;
const CACHE = /\/src\/core\/(?:cache|entry|near)\//;
const QUEUE = /\/src\/core\/queue\//;

/** From the bottom to the top. */
const LAYERS = [
  /\/redis-cache\/src\/core\/connection\//,
  /\/redis-cache\/src\/core\/backend\//,
  /\/redis-cache\/src\/core\/guard\//,
  /\/redis-cache\/src\/core\/(?:cache|near|queue)\//,
];

/** Entries of the Nest modules: beside the adapters the only files of a library that may load the framework. */
const NEST_ENTRIES = new Set(['libs/redis-cache/src/index.ts', 'libs/worker-pool/src/index.ts']);

export const RULES: readonly Rule[] = [
  {
    name: 'the engine knows no framework',
    check: (files) =>
      violations(files.filter(isEngine), ({ specifier, target }) => {
        if (FRAMEWORK.test(specifier)) return 'accept what you need as an option, or move the file to nest/';
        if (target && ADAPTER.test(target)) return 'adapters import the engine, never the reverse';
        return undefined;
      }),
  },
  {
    name: 'cache and queue do not know each other',
    check: (files) => [...crossings(files, CACHE, QUEUE), ...crossings(files, QUEUE, CACHE)],
  },
  {
    name: 'layers import downwards only',
    check: (files) =>
      violations(files.filter(isEngine), ({ target }, { path }) => {
        const [from, to] = [layerOf(path), layerOf(target)];
        if (from === undefined || to === undefined || to <= from) return undefined;
        return 'connection, backend, guard, cache and queue import downwards only; declare the type in the lower one';
      }),
  },
  {
    name: 'adapters import the engine by its public face',
    check: (files) => {
      const faces = new Set(files.map(({ path }) => path).filter((path) => path.endsWith('/src/core.ts')));
      const adapters = files.filter(({ path }) => isProduct(path) && ADAPTER.test(path));
      return violations(adapters, ({ target }, { path }) => {
        if (!target || !ENGINE_CORE.test(target) || !faces.has(`${packageOf(target)}/src/core.ts`))
          return undefined;
        if (TESTING.test(path) && BACKEND_CONTRACT.test(target)) return undefined;
        return 'import it from core.ts, and export it there if it is missing';
      });
    },
  },
  {
    name: 'only prometheus/ of a library loads prom-client',
    check: (files) => loadedElsewhere(files, PROM_CLIENT, PROMETHEUS, 'prometheus/'),
  },
  {
    name: 'only opentelemetry/ of a library loads @opentelemetry/api',
    check: (files) => loadedElsewhere(files, OPENTELEMETRY_PACKAGE, OPENTELEMETRY, 'opentelemetry/'),
  },
  {
    name: 'nothing imports internals of Nest',
    check: (files) =>
      violations(
        files.filter(({ path }) => isProduct(path)),
        ({ specifier }) =>
          NEST_INTERNALS.test(specifier) ? 'use what the package itself exports' : undefined,
      ),
  },
  {
    name: 'packages import each other by name',
    check: (files) =>
      violations(files, ({ target }, { path }) => {
        if (!target || !PRODUCT.test(target) || packageOf(target) === packageOf(path)) return undefined;
        return isSpec(path)
          ? 'use the alias of that package (@redis-cache/, @worker-pool/, …)'
          : "import the package by its name and extend its 'exports' if necessary";
      }),
  },
  {
    name: 'folders form no cycle',
    check: (files) =>
      [
        ...groupBy(
          files.filter(({ path }) => isProduct(path)),
          ({ path }) => packageOf(path),
        ),
      ].flatMap(([packagePath, members]) =>
        foldersInCycles(members, entriesOf(packagePath)).map(({ folder, imports }) => ({
          file: folder,
          message: `is part of a cycle by ${imports.join(', ')}: move what both folders need below them`,
        })),
      ),
  },
  {
    name: `no file has more than ${MAX_LINES} lines`,
    check: (files) =>
      files
        .filter(({ path, lines }) => isProduct(path) && lines > MAX_LINES)
        .map(({ path, lines }) => ({
          file: path,
          message: `has ${lines} lines: split it where one story ends and the next begins`,
        })),
  },
];

function isProduct(path: string): boolean {
  return PRODUCT.test(path) && !isSpec(path);
}

function isEngine({ path }: SourceFile): boolean {
  return LIBRARY.test(path) && isProduct(path) && !ADAPTER.test(path) && !NEST_ENTRIES.has(path);
}

function layerOf(path: string | undefined): number | undefined {
  const layer = LAYERS.findIndex((folder) => path !== undefined && folder.test(path));
  return layer === -1 ? undefined : layer;
}

/** Imports of a package that only one folder of a library may load, and of that folder. */
function loadedElsewhere(
  files: readonly SourceFile[],
  module: RegExp,
  home: RegExp,
  folder: string,
): Violation[] {
  return violations(
    files.filter(({ path }) => LIBRARY.test(path) && isProduct(path) && !home.test(path)),
    ({ specifier, target }) =>
      module.test(specifier) || (target && home.test(target))
        ? `it is an optional peer dependency; move the code to ${folder}, an entry of its own`
        : undefined,
  );
}

function crossings(files: readonly SourceFile[], from: RegExp, to: RegExp): Violation[] {
  const importers = files.filter(({ path }) => isProduct(path) && from.test(path));
  return violations(importers, ({ target }) =>
    target && to.test(target) ? 'move what both need to a folder below them' : undefined,
  );
}

/** A violation for every import to which `objection` returns an advice. */
function violations(
  files: readonly SourceFile[],
  objection: (imported: Import, file: SourceFile) => string | undefined,
): Violation[] {
  return files.flatMap((file) =>
    file.imports.flatMap((imported) => {
      const advice = objection(imported, file);
      return advice ? [{ file: file.path, message: `imports '${imported.specifier}': ${advice}` }] : [];
    }),
  );
}
