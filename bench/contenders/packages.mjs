import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';

/**
 * Loads a package as the library itself would: the contenders then stand on the very copies of ioredis and
 * lru-cache that the library uses, and nothing has to be installed for them.
 */
const requireLikeTheLibrary = createRequire(new URL('../../libs/redis-cache/package.json', import.meta.url));

export const load = (name) => requireLikeTheLibrary(name);

/** Read from the package's folder, since its `exports` need not name its package.json. */
export function versionOf(name) {
  const file = requireLikeTheLibrary.resolve(name);
  const inside = join('node_modules', name) + sep;
  const folder = file.slice(0, file.lastIndexOf(inside) + inside.length);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}
