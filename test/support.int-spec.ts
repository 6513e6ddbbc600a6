/** Self-test of the ground that the integration suites stand on: the servers of `test/support/` are real. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  freePort,
  rawPing,
  RedisCluster,
  RedisSentinels,
  RedisServer,
  type RedisServerOptions,
  until,
} from './support/index.js';
import { selfSignedCertificate } from './support/self-signed-certificate.js';

const running: { stop(): Promise<unknown> }[] = [];

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  running.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((thing) => thing.stop()));
});

describe('RedisServer', () => {
  it('answers PING and holds data as soon as it has started', async () => {
    const server = await start();
    expect(await rawPing({ port: server.port })).toBe('+PONG');
    await server.client().set('key', 'value');
    expect(await new RedisUrlClient(server.url).get('key')).toBe('value');
  });

  it('leaves no process and no client behind when stopped, and may be stopped twice', async () => {
    const server = await start();
    const client = server.client();
    await client.ping();
    const { pid } = server;
    await server.stop();
    await server.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(client.status).toBe('end');
    await expect(rawPing({ port: server.port })).rejects.toThrow('ECONNREFUSED');
  });

  it('leaves a PING unanswered while paused and answers it once resumed', async () => {
    const [frozen, other] = [await start(), await start()];
    const [client, yardstick] = [frozen.client(), other.client()];
    await Promise.all([client.ping(), yardstick.ping()]);
    let answered = false;
    await frozen.pause();
    const pong = client.ping().finally(() => {
      answered = true;
    });
    for (let trip = 0; trip < 500; trip += 1) await yardstick.ping();
    expect(answered).toBe(false);
    await frozen.resume();
    expect(await pong).toBe('PONG');
  });

  it('stops while paused', async () => {
    const server = await start();
    const { pid } = server;
    await server.pause();
    await server.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('refuses connections once killed and is back on the same port, empty, after a restart', async () => {
    const server = await start();
    const { port } = server;
    const client = server.client();
    await client.set('key', 'value');
    await server.kill();
    await expect(rawPing({ port })).rejects.toThrow('ECONNREFUSED');
    await expect(server.pause()).rejects.toThrow(`No server runs on port ${port}`);
    await server.restart();
    expect(server.port).toBe(port);
    expect(await client.get('key')).toBeNull();
  });

  it('still has its data after a kill and a restart when it keeps an append-only file', async () => {
    const server = await start({ appendonly: true });
    await server.client().set('key', 'value');
    await server.kill();
    await server.restart();
    expect(await server.client().get('key')).toBe('value');
    await server.restart({ appendonly: false });
    expect(await server.client().get('key')).toBeNull();
  });

  it('asks for the password that a restart gave it', async () => {
    const server = await start();
    await server.restart({ password: 's3cret/@:' });
    expect(await rawPing({ port: server.port })).toMatch(/^-NOAUTH/);
    expect(await new RedisUrlClient(server.url).ping()).toBe('PONG');
    await expect(server.client({ password: 'wrong' }).ping()).rejects.toThrow('WRONGPASS');
  });

  it('answers READONLY to a write on a replica', async () => {
    const master = await start({ password: 'secret' });
    const replica = await start({ password: 'secret', replicaOf: { port: master.port } });
    await expect(replica.client().set('key', 'value')).rejects.toThrow('READONLY');
  });

  it('forgets what it copied from its master when it restarts on its own', async () => {
    const master = await start();
    await master.client().set('key', 'value');
    const replica = await start({ replicaOf: { port: master.port } });
    const client = replica.client();
    await until(() => client.exists('key'), { what: 'the key on the replica' });
    await replica.restart({ replicaOf: undefined });
    expect(await client.dbsize()).toBe(0);
    expect(await client.set('key', 'value')).toBe('OK');
  });

  it('answers OOM to a write when full, and still answers reads', async () => {
    const client = (await start({ maxmemory: '4mb' })).client();
    await client.set('first', 'value');
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 100; index += 1) await client.set(`key-${index}`, 'x'.repeat(100_000));
    };
    await expect(fill()).rejects.toThrow('OOM');
    expect(await client.get('first')).toBe('value');
  });

  it('speaks TLS to clients that trust its certificate, and only to those', async () => {
    const server = await start({ tls: true });
    const options = { port: server.tlsPort, retryStrategy: () => null };
    expect(await server.client({ ...options, tls: { ca: server.ca } }).ping()).toBe('PONG');
    const stranger = server.client({ ...options, tls: {}, lazyConnect: true });
    await expect(stranger.connect()).rejects.toThrow(/closed|self-signed/);
  });

  it('makes certificates that parse and verify, whatever length their signature has', () => {
    for (let round = 0; round < 200; round += 1) {
      const certificate = new X509Certificate(selfSignedCertificate().cert);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    }
  });

  it('listens on a unix socket', async () => {
    const server = await start({ unixSocket: true });
    expect(existsSync(server.socketPath)).toBe(true);
    expect(await server.client({ path: server.socketPath }).ping()).toBe('PONG');
  });

  it('says so when asked for the address of something it does not listen on', async () => {
    const server = await start();
    expect(() => server.socketPath).toThrow('without `unixSocket`');
    expect(() => server.tlsPort).toThrow('without `tls`');
    expect(() => server.busPort).toThrow('without `cluster`');
  });

  it('fails with the reason when its fixed port is taken, and with the option when one is unknown', async () => {
    const { port } = await start();
    await expect(RedisServer.start({ port })).rejects.toThrow('Address already in use');
    await expect(RedisServer.start({ extraArgs: ['--no-such', '1'] })).rejects.toThrow('no-such');
  });

  it('moves to another port when its free port is taken before it can listen', async () => {
    const { port: taken } = await start();
    const picks = [taken];
    const server = await RedisServer.start({}, async () => picks.shift() ?? freePort());
    running.push(server);
    expect(server.port).not.toBe(taken);
    expect(await server.client().ping()).toBe('PONG');
  });

  it('finds a port for every one of many servers that start at once', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, freePort));
    expect(ports.every((port) => port < 32_768)).toBe(true);
    const servers = await Promise.all(Array.from({ length: 8 }, () => start()));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(8);
  });
});

describe('RedisCluster', () => {
  it('serves keys of every master with three masters', async () => {
    const cluster = await RedisCluster.start({ masters: 3 });
    running.push(cluster);
    const client = cluster.client();
    const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
    const sizes = await Promise.all(cluster.masters.map((node) => node.client().dbsize()));
    expect(sizes.every((size) => size > 50)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(300);
  });

  it('gives each master its replica, behind a password', async () => {
    const cluster = await RedisCluster.start({ replicasPerMaster: 1, node: { password: 'secret' } });
    running.push(cluster);
    const roles = await Promise.all(cluster.nodes.map(async (node) => (await node.client().role())[0]));
    expect(roles).toEqual(['master', 'master', 'master', 'slave', 'slave', 'slave']);
    expect(await cluster.client().set('key', 'value')).toBe('OK');
  });
});

describe('RedisSentinels', () => {
  it.each([1, 3] as const)(
    '%d sentinel(s) announce the replica as master after a kill',
    async (sentinels) => {
      const setUp = await RedisSentinels.start({ sentinels });
      running.push(setUp);
      const client = new Redis({ sentinels: setUp.sentinels, name: setUp.masterName });
      running.push({ stop: async () => client.disconnect() });
      client.on('error', () => undefined);
      await client.set('key', 'before');
      const failover = setUp.awaitFailover();
      await setUp.master.kill();
      expect((await failover).port).toBe(setUp.replica.port);
      expect(await client.set('key', 'after')).toBe('OK');
      expect(await setUp.replica.client().get('key')).toBe('after');
    },
  );
});

/** A client made from the URL alone, which a user of the library would do. */
class RedisUrlClient extends Redis {
  constructor(url: string) {
    super(url);
    this.on('error', () => undefined);
    running.push({ stop: async () => this.disconnect() });
  }
}
