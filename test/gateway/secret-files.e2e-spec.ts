import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, RedisServer, spawnNode } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';
const PASSWORD = 'a-password-of-redis';

let folder: string;
let gateway: Gateway | undefined;
let redis: RedisServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});

afterEach(async () => {
  await gateway?.stop();
  await redis?.stop();
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe('secrets in files', () => {
  it('work as those in variables do, which other processes of the user can read', async () => {
    redis = await RedisServer.start({ password: PASSWORD });
    gateway = await startGateway({
      REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD_FILE: await file('redis', `${PASSWORD}\n`),
      API_KEYS_FILE: await file('keys', `team:${KEY}:admin\n`),
    });
    const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
    const post = (): Promise<Response> =>
      fetch(`${gateway?.url}/v1/completions`, { method: 'POST', headers, body: '{"prompt":"One. Two."}' });
    expect((await post()).status).toBe(200);
    expect((await post()).headers.get('cache-status')).toMatch(/hit/);
    expect((await gateway.post('/v1/completions', { prompt: 'a' })).status).toBe(401);
    const environment = await readFile(`/proc/${gateway.process.pid}/environ`, 'utf8');
    expect(environment).toContain('REDIS_PASSWORD_FILE=');
    expect(environment).not.toContain(KEY);
    expect(environment).not.toContain(PASSWORD);
  });

  it.each(['apps/gateway/dist/main.js', 'apps/gateway/dist/worker.js'])(
    'stop the start of %s when a file cannot be read, with the name of the variable',
    async (main) => {
      const env = { PORT: String(await freePort()), REDIS_PASSWORD_FILE: join(folder, 'nowhere') };
      const server = spawnNode(main, { env });
      expect(await server.exited).toMatchObject({ code: 1 });
      expect(server.stderr).toContain('REDIS_PASSWORD_FILE is invalid: the file cannot be read (ENOENT)');
    },
  );
});
