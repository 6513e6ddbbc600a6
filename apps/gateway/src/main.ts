import 'reflect-metadata';
import { RedisCacheService } from 'nestjs-redis-cache';
import { banner } from './banner.js';
import { createApp } from './create-app.js';

async function main(): Promise<void> {
  const { app, config } = await createApp();
  await app.listen(config.PORT, config.HOST);
  process.stdout.write(banner(await app.getUrl(), config, app.get(RedisCacheService).getStatus()));
}

main().catch((error: unknown) => {
  process.stderr.write(
    `The gateway did not start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  // What was opened before would keep the process.
  process.exit(1);
});
