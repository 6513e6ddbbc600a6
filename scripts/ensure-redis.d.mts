/** Types of ensure-redis.mjs, which stays plain JavaScript so that it runs before anything is built. */
import type { FoundProgram, Packages } from './package-managers.mjs';

export const REDIS_PACKAGES: Packages;
export function parseVersion(text: string): string | undefined;
export function isRecentEnough(version: string | undefined): boolean;
export function findServers(path: string): FoundProgram[];
export function findServer(path: string): FoundProgram | undefined;
export function ensureServer(path: string): FoundProgram;
