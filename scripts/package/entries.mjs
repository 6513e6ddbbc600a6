import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/** The part of the workspace that is published inside the libraries rather than as a package. */
export const INTERNAL = 'nestjs-redis-connection';

/** Files that a library loads by their path, and therefore beside the bundles, by the name of the package. */
const LOADED_BY_PATH = {
  'nestjs-worker-pool': { 'offline.worker': './dist/core/executors/offline/offline.worker' },
};

/** Returns the code that is bundled, by the path of its output without ending. */
export function codeEntries(library, manifest) {
  return inputs(library, { ...entriesOf(manifest), ...LOADED_BY_PATH[manifest.name] }, '.js');
}

/** Returns the declarations that are bundled, by the path of their output without ending. */
export function typeEntries(library, manifest) {
  return inputs(library, entriesOf(manifest), '.d.ts');
}

function inputs(library, files, ending) {
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, join(library, `${file}${ending}`)]),
  );
}

function entriesOf({ exports }) {
  const files = Object.values(exports).flatMap((entry) => entry.import?.default ?? []);
  return Object.fromEntries(
    files.map((file) => [file.slice('./dist/'.length, -'.js'.length), file.slice(0, -'.js'.length)]),
  );
}

/** Packages that the user installs: everything else that is imported is part of the bundle. */
export function installedPackages({ dependencies, peerDependencies }) {
  return new Set(Object.keys({ ...dependencies, ...peerDependencies }));
}

/** Whether an import stays an import, because Node or the user's installation has it. */
export function isExternal(specifier, installed) {
  return isBuiltin(specifier) || installed.has(packageOf(specifier));
}

function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
