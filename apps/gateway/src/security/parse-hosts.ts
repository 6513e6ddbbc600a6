const HOST = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/;

/** Why a list of hosts cannot be used. */
export class InvalidHostsError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'InvalidHostsError';
  }
}

/**
 * Reads names of hosts, comma-separated, without ports.
 *
 * @throws {InvalidHostsError} which entry is wrong
 */
export function parseHosts(text: string): string[] {
  const hosts = text.split(',').map((host) => host.trim().toLowerCase());
  const wrong = hosts.findIndex((host) => !HOST.test(host));
  if (wrong < 0) return hosts;
  throw new InvalidHostsError(`entry ${wrong + 1} is no name of a host, such as gateway.example`);
}
