import { get, type Server, type ServerResponse } from 'node:http';
import { type INestApplication, type ModuleMetadata, VersioningType } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { RedisCacheModule, type RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache';
import { PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { HandlerScript } from './handler-script.js';

/** The HTTP servers that Nest supports. */
export const PLATFORMS: [name: string, create: () => AbstractHttpAdapter][] = [
  ['Fastify', () => new FastifyAdapter() as AbstractHttpAdapter],
  ['Express', () => new ExpressAdapter()],
];

/** Headers of a conditional request. Without a `Cache-Control` of its own, fetch adds `no-cache` to it. */
export function ifNoneMatch(entityTag: string): Record<string, string> {
  return { 'If-None-Match': entityTag, 'Cache-Control': 'no-transform' };
}

/** A response with its body. */
export interface HttpResult {
  status: number;
  body: string;
  headers: Headers;
  /** The `Cache-Status` header without the TTL, which varies. */
  cache: string;
}

/** A Nest application that listens on 127.0.0.1, with a `HandlerScript` for its handlers. */
export class HttpApp {
  private constructor(
    private readonly app: INestApplication,
    private readonly url: string,
    readonly script: HandlerScript,
  ) {}

  static async start(
    createAdapter: () => AbstractHttpAdapter,
    cache: RedisCacheOptions,
    { imports = [], providers = [], ...metadata }: ModuleMetadata,
    prepare?: (app: INestApplication) => unknown,
  ): Promise<HttpApp> {
    const script = new HandlerScript();
    const module = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot({ commandTimeoutMs: PATIENT_MS, ...cache }), ...imports],
      providers: [{ provide: HandlerScript, useValue: script }, ...providers],
      ...metadata,
    }).compile();
    const app = module.createNestApplication(createAdapter(), { logger: false });
    app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' });
    await prepare?.(app);
    await app.listen(0, '127.0.0.1');
    return new HttpApp(app, await app.getUrl(), script);
  }

  get cache(): RedisCacheService {
    return this.app.get(RedisCacheService);
  }

  async get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<HttpResult> {
    const response = await fetch(`${this.url}${path}`, { method, headers, redirect: 'manual' });
    const cacheStatus = response.headers.get('cache-status') ?? '';
    return {
      status: response.status,
      body: await response.text(),
      headers: response.headers,
      cache: cacheStatus.replace('redis-cache; ', '').replace(/; ttl=\d+/, ''),
    };
  }

  /** Sends simultaneous requests. */
  many(times: number, path: string, headers: Record<string, string> = {}): Promise<HttpResult[]> {
    return Promise.all(Array.from({ length: times }, () => this.get(path, headers)));
  }

  /** Sends a request, and closes its connection once `when` has resolved. Resolves when the server knows. */
  async leave(path: string, when: () => Promise<unknown>): Promise<void> {
    const server = this.app.getHttpServer() as Server;
    const closed = new Promise<void>((resolve) => {
      server.once('request', (_request, response: ServerResponse) => response.once('close', () => resolve()));
    });
    const client = get(`${this.url}${path}`).on('error', () => undefined);
    await when();
    client.destroy();
    await closed;
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}

/** Starts applications for a test and closes them all afterwards. */
export class HttpApps {
  readonly #open: HttpApp[] = [];

  async start(...args: Parameters<typeof HttpApp.start>): Promise<HttpApp> {
    const app = await HttpApp.start(...args);
    this.#open.push(app);
    return app;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((app) => app.close()));
  }
}
