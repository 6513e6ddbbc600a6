/** A Fastify application that pipes the bytes of an upstream's response: the baseline of concurrent streams. */
import { request as send } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , upstream, rootPackage] = process.argv;
const rooted = createRequire(createRequire(rootPackage).resolve('@nestjs/platform-fastify'));
const { default: fastify } = await import(pathToFileURL(rooted.resolve('fastify')));

const app = fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/v1/messages', (request, reply) => {
  const headers = { 'content-type': 'application/json', 'content-length': request.body.length };
  const call = send(`${upstream}/v1/messages`, { method: 'POST', headers }, (response) => {
    reply.code(response.statusCode).header('content-type', response.headers['content-type']).send(response);
  });
  call.on('error', (error) => reply.send(error));
  call.end(request.body);
});
await app.listen({ port: 0, host: '127.0.0.1' });
console.log(`Listening on http://127.0.0.1:${app.server.address().port}`);
process.on('SIGTERM', () => process.exit());
