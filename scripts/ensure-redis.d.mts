/** Types of ensure-redis.mjs, which stays plain JavaScript so that it runs before anything is built. */
export interface FoundServer {
  readonly file: string;
  readonly version: string | undefined;
}

export interface Machine {
  /** Whether a command is on the PATH. */
  readonly has: (command: string) => boolean;
  readonly isRoot: boolean;
}

export function findOnPath(name: string, path: string): string | undefined;
export function parseVersion(text: string): string | undefined;
export function isRecentEnough(version: string | undefined): boolean;
export function findServers(path: string): FoundServer[];
export function findServer(path: string): FoundServer | undefined;
export function planInstall(machine: Machine): string[][] | undefined;
export function ensureServer(path: string): FoundServer;
