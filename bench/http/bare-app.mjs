/** A Nest + Fastify application with one route that sends a body from memory: the baseline of the HTTP scenarios. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , bodyFile, rootPackage] = process.argv;
const rooted = createRequire(rootPackage);
const load = (name) => import(pathToFileURL(rooted.resolve(name)));
const { Controller, HttpCode, Module, Post, Res } = await load('@nestjs/common');
const { NestFactory } = await load('@nestjs/core');
const { FastifyAdapter } = await load('@nestjs/platform-fastify');

const body = readFileSync(bodyFile, 'utf8');

class BareController {
  create(reply) {
    reply.header('Content-Type', 'application/json; charset=utf-8').send(body);
  }
}
const create = Object.getOwnPropertyDescriptor(BareController.prototype, 'create');
Post()(BareController.prototype, 'create', create);
HttpCode(200)(BareController.prototype, 'create', create);
Res()(BareController.prototype, 'create', 0);
Controller('v1/completions')(BareController);

class BareModule {}
Module({ controllers: [BareController] })(BareModule);

const app = await NestFactory.create(BareModule, new FastifyAdapter(), { logger: false });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`Listening on ${await app.getUrl()}`);
