import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';

/**
 * Resolves a package as the library itself would, so that contenders use the library's own copies of ioredis and lru-cache
 * and need no installation.
 */
const requireLikeTheLibrary = createRequire(new URL('../../libs/redis-cache/package.json', import.meta.url));

export const load = (name) => requireLikeTheLibrary(name);

/** Read from the package's folder, since its `exports` may not include package.json. */
export function versionOf(name) {
  const file = requireLikeTheLibrary.resolve(name);
  const inside = join('node_modules', name) + sep;
  const folder = file.slice(0, file.lastIndexOf(inside) + inside.length);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}
