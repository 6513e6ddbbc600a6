import { randomBytes } from 'node:crypto';
import { RedisServer } from '@test/support/index.js';
import { backendConformance } from './backend-conformance.js';

const PASSWORD = 'p@ss:w/o#rd?%';

backendConformance('memory', async () => ({ options: { backend: 'memory' }, stop: async () => {} }));

backendConformance('a standalone Redis', async () => {
  const server = await RedisServer.start();
  return { options: { connection: { url: server.url } }, stop: () => server.stop() };
});

backendConformance('a standalone Redis whose content is encrypted', async () => {
  const server = await RedisServer.start();
  const keys = [{ id: 'k1', key: randomBytes(32).toString('base64') }];
  // Other programs write plain JSON.
  const encryption = { keys, readPlain: true };
  return { options: { connection: { url: server.url }, encryption }, stop: () => server.stop() };
});

backendConformance('a database of its own behind a user of few rights', async () => {
  const server = await RedisServer.start();
  const rights = ['on', `>${PASSWORD}`, '~test-*', '&*', '+@all', '-@dangerous', '-@admin', '+info'];
  await server.client().acl('SETUSER', 'app', ...rights);
  const { host, port } = server;
  const connection = { host, port, db: 3, username: 'app', password: PASSWORD };
  return { options: { connection }, stop: () => server.stop() };
});

backendConformance('an address with password and database', async () => {
  const server = await RedisServer.start({ password: PASSWORD });
  return { options: { connection: { url: `${server.url}/5` } }, stop: () => server.stop() };
});

backendConformance('a unix socket', async () => {
  const server = await RedisServer.start({ unixSocket: true });
  return { options: { connection: { path: server.socketPath } }, stop: () => server.stop() };
});

backendConformance('TLS', async () => {
  const server = await RedisServer.start({ tls: true });
  const connection = { host: server.host, port: server.tlsPort, tls: { ca: server.ca } };
  return { options: { connection }, stop: () => server.stop() };
});
