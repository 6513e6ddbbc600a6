import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { freePort, ManagedProcess, redisBinary } from '@test/support/index.js';

interface Service {
  build?: string;
  image: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  command: string[];
  environment: Record<string, string>;
  healthcheck?: { test: string[] };
  ports?: string[];
  volumes?: string[];
}

const { services, volumes } = parse(readFileSync('compose.yaml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const DOCKERFILE = readFileSync('Dockerfile', 'utf8').replaceAll('\\\n', ' ');
const PINNED = /^[\w./-]+:\d+\.\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$/;
const POLICIES = { cache: 'volatile-lru', queue: 'noeviction' };
const PASSWORD = 'correct-horse';

describe('compose.yaml', () => {
  it('has one API, one worker, and the two servers', () => {
    expect(Object.keys(services)).toEqual(['api', 'worker', 'cache', 'queue']);
  });

  it.each(Object.entries(services))('gives %s no rights and nothing to write to', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(['node', 'redis']).toContain(service.user);
    for (const volume of service.volumes ?? []) expect(volumes).toHaveProperty(volume.split(':')[0]!);
  });

  it.each(['api', 'cache', 'queue'])('checks the health of %s', (name) => {
    expect(services[name]!.healthcheck?.test.length).toBeGreaterThan(1);
  });

  it('opens the API alone, to this machine', () => {
    const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).toEqual(['api']);
    expect(services['api']!.ports!.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
  });

  it('requires passwords and keys, and contains none', () => {
    for (const name of ['cache', 'queue']) {
      expect(services[name]!.environment['REDISCLI_AUTH']).toMatch(/^\$\{REDIS_PASSWORD:\?/);
    }
    const { REDIS_PASSWORD, QUEUE_REDIS_URL, API_KEYS } = services['api']!.environment;
    expect(REDIS_PASSWORD).toMatch(/^\$\{REDIS_PASSWORD:\?/);
    expect(QUEUE_REDIS_URL).toBe('redis://:${REDIS_PASSWORD}@queue:6379');
    expect(API_KEYS).toMatch(/^\$\{API_KEYS:\?/);
  });

  it('pins the images that it does not build, by version and digest', () => {
    const images = Object.values(services).filter(({ build }) => build === undefined);
    for (const { image } of images) expect(image).toMatch(PINNED);
  });
});

describe.each(Object.entries(POLICIES))('the Redis of the service %s', (name, policy) => {
  let folder: string | undefined;
  let process: ManagedProcess | undefined;

  afterEach(async () => {
    await process?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** Runs the command of compose.yaml as its shell would, on a free port and with another folder for its data. */
  async function start(): Promise<number> {
    const port = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'compose-redis-'));
    const { command, environment } = services[name]!;
    const [shell, flag, script] = command as [string, string, string];
    const here = script
      .replaceAll('$$', '$')
      .replace('redis-server -', `redis-server - --port ${port} --bind 127.0.0.1`)
      .replace('/data', folder);
    const env = {
      PATH: `${dirname(redisBinary().file)}:/usr/bin:/bin`,
      REDISCLI_AUTH: PASSWORD,
      MAXMEMORY_POLICY: environment['MAXMEMORY_POLICY']!,
    };
    process = new ManagedProcess(shell, [flag, here], { env });
    await process.waitForLine(/Ready to accept connections/);
    return port;
  }

  it(`has a password, ${policy} and a log that survives a restart, and ends by SIGTERM`, async () => {
    const port = await start();
    // After the end of the server no client tries again, so that none outlives the test.
    const options = { port, host: '127.0.0.1', maxRetriesPerRequest: 0, retryStrategy: () => null };
    const client = new Redis({ ...options, password: PASSWORD });
    expect(await client.info('memory')).toContain(`maxmemory_policy:${policy}\r`);
    expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    const stranger = new Redis(options);
    stranger.on('error', () => {});
    await expect(stranger.get('key')).rejects.toThrow('NOAUTH');
    await Promise.all([stranger.quit(), client.quit()]);
    expect((await process!.stop()).code).toBe(0);
  });
});

describe('the image', () => {
  const [build, final] = DOCKERFILE.split(/^FROM /m).slice(1) as [string, string];

  it('is built from exact versions', () => {
    for (const stage of [build, final]) expect(stage.split(/\s/)[0]).toMatch(PINNED);
  });

  it('holds what runs, and no sources', () => {
    const copied = [...final.matchAll(/^COPY --from=build \/app\/(\S+)/gm)].map(([, path]) => path!);
    const kinds = /^(?:node_modules|(?:libs|apps)\/[^/]+\/(?:dist|public|node_modules|package\.json))$/;
    for (const package_ of ['apps/gateway', 'libs/redis-cache', 'libs/worker-pool']) {
      const needed = ['dist', 'node_modules', 'package.json'].map((part) => `${package_}/${part}`);
      expect(copied).toEqual(expect.arrayContaining(needed));
    }
    expect(copied.filter((path) => !kinds.test(path))).toEqual([]);
    expect([...final.matchAll(/^(?:COPY|ADD) /gm)]).toHaveLength(copied.length);
  });

  it('runs as a user without rights', () => {
    expect(final).toMatch(/^USER node$/m);
  });

  it('sees of this folder only what is named', () => {
    const lines = readFileSync('.dockerignore', 'utf8').split('\n');
    expect(lines.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    expect(lines).not.toContain('!.git');
  });
});
