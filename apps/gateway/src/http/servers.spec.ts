import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConnectionDrain } from 'nestjs-redis-cache/http';
import { readGatewayConfig } from '../config/gateway-config.js';
import { HttpServers } from './servers.js';

@Controller()
class PingController {
  @Get('ping')
  ping(): string {
    return 'pong';
  }
}

@Module({ controllers: [PingController], providers: [ConnectionDrain] })
class PingModule {}

let app: NestFastifyApplication | undefined;

afterEach(() => app?.close());

/** Starts an app on `host`, which has these addresses. */
async function start(host: string, addresses: string[]): Promise<{ servers: HttpServers; port: number }> {
  const config = readGatewayConfig({ HOST: host, PORT: '0' });
  const servers = new HttpServers(config, async () => addresses.map((address) => ({ address, family: 4 })));
  const adapter = new FastifyAdapter({ serverFactory: servers.factory });
  app = await NestFactory.create<NestFastifyApplication>(PingModule, adapter, { logger: false });
  await servers.listen(app);
  return { servers, port: Number(new URL(await app.getUrl()).port) };
}

async function ping(address: string, port: number): Promise<string> {
  return (await fetch(`http://${address}:${port}/ping`)).text();
}

describe('HttpServers', () => {
  it('serves every address of localhost, and passes all requests to the interceptor first', async () => {
    const { servers, port } = await start('localhost', ['127.0.0.1', '127.0.0.2']);
    const seen: string[] = [];
    servers.intercept = (request, response, next) => {
      seen.push(request.headers.host!);
      if (seen.length > 1) response.end('intercepted');
      else next(request, response);
    };
    expect(await ping('127.0.0.1', port)).toBe('pong');
    expect(await ping('127.0.0.2', port)).toBe('intercepted');
    expect(seen).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`]);
  });

  it('leaves out addresses that cannot be used', async () => {
    const { port } = await start('localhost', ['127.0.0.1', '192.0.2.1']);
    expect(await ping('127.0.0.1', port)).toBe('pong');
  });

  it('listens on no other address of another host', async () => {
    const { port } = await start('127.0.0.1', ['127.0.0.1', '127.0.0.2']);
    await expect(ping('127.0.0.2', port)).rejects.toThrow('fetch failed');
  });

  it('closes all servers with the app', async () => {
    const { port } = await start('localhost', ['127.0.0.1', '127.0.0.2']);
    await app!.close();
    app = undefined;
    for (const address of ['127.0.0.1', '127.0.0.2'])
      await expect(ping(address, port)).rejects.toThrow('fetch failed');
  });
});
