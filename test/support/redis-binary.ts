/**
 * The Redis (or Valkey) server binary that the tests run.
 *
 *   const { file, version } = redisBinary();
 *
 * The same choice that `scripts/ensure-redis.mjs` makes and prints before the suite starts.
 */
import { findServer } from '../../scripts/ensure-redis.mjs';
import type { FoundProgram } from '../../scripts/package-managers.mjs';

const found = new Map<string, FoundProgram>();

/** Throws when the PATH has no usable server: no Redis means a red run, never a skipped one. */
export function redisBinary(path: string = process.env['PATH'] ?? ''): FoundProgram {
  const server = found.get(path) ?? findServer(path);
  if (server === undefined) {
    throw new Error(
      'No redis-server or valkey-server 7.0 or newer on the PATH; run: node scripts/ensure-redis.mjs',
    );
  }
  found.set(path, server);
  return server;
}
