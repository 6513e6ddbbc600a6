/** Runs the snippets of docs/connecting.md that need another server than one at localhost:6379. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import ts from 'typescript';
import { RedisCluster, RedisSentinels, RedisServer, spawnNode } from './support/index.js';

const PAGE = readFileSync('docs/connecting.md', 'utf8');

let folder: string;
let running: { stop(): Promise<unknown> };

beforeEach(() => {
  // Within the workspace, so that the packages are found as a user would find them.
  mkdirSync('node_modules/.cache', { recursive: true });
  folder = mkdtempSync(resolve('node_modules/.cache/connecting-'));
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await running?.stop();
});

/** Runs the snippet below the mark, with other addresses; it must print `true`. */
async function expectConnected(mark: string, replacements: Record<string, string>): Promise<void> {
  const snippet = new RegExp(`<!-- tested:${mark} -->\\n+\`\`\`ts\\n(.*?)^\`\`\``, 'ms').exec(PAGE)![1]!;
  const code = Object.entries(replacements).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, snippet);
  const file = join(folder, `${mark}.mjs`);
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  writeFileSync(file, ts.transpileModule(code, { compilerOptions: options }).outputText);
  const program = spawnNode(file);
  expect(await program.exited).toMatchObject({ code: 0 });
  expect(program.stdout.trim()).toBe('true');
}

it('connects by TLS with a private CA', async () => {
  const server = await RedisServer.start({ tls: true });
  running = server;
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, server.ca);
  await expectConnected('tls', {
    'redis.internal:6380': `127.0.0.1:${server.tlsPort}`,
    '/etc/ssl/redis-ca.pem': ca,
  });
});

it('connects through Sentinels', async () => {
  const sentinels = await RedisSentinels.start();
  running = sentinels;
  const { host, port } = sentinels.sentinels[0]!;
  await expectConnected('sentinel', {
    "host: 'sentinel-1.internal', port: 26379": `host: '${host}', port: ${port}`,
    mymaster: sentinels.masterName,
  });
});

it('connects to a Cluster by one of its nodes', async () => {
  const cluster = await RedisCluster.start();
  running = cluster;
  const { host, port } = cluster.addresses[0]!;
  await expectConnected('cluster', {
    "host: 'node-1.internal', port: 6379": `host: '${host}', port: ${port}`,
  });
});
