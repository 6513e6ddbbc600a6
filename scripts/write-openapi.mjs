/**
 * Writes docs/openapi.json, the description of the API that a running gateway serves at /docs-json.
 *
 *   npm run docs:openapi
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const FILE = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));

// The caller's environment must neither change the result nor cause connections.
process.env = { PATH: process.env.PATH, LOG_LEVEL: 'silent' };
const { createApp } = await import('../apps/gateway/dist/create-app.js');
const { openApiDocument } = await import('../apps/gateway/dist/docs/openapi-document.js');

const { app } = await createApp();
await app.init();
const text = JSON.stringify(openApiDocument(app));
await app.close();
await writeFile(FILE, await format(text, { ...(await resolveConfig(FILE)), parser: 'json' }));
