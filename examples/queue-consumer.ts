/** A consumer that Nest starts and stops. A handler that throws gets its request again. */
import 'reflect-metadata';
import { EventEmitter, once } from 'node:events';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';

Logger.overrideLogger(['error']);

interface Mail {
  to: string;
}

const sent = new EventEmitter();

async function send(mail: Mail, attempt: number): Promise<void> {
  console.log(`attempt ${attempt} for ${mail.to}`);
  if (attempt === 1) throw new Error('the mail server is busy');
  sent.emit('mail');
}

@Module({
  imports: [
    RedisCacheModule.forRoot({ isGlobal: true, connection: { url: process.env['REDIS_URL'] } }),
    RedisCacheModule.registerConsumer<Mail>({
      queue: 'mails',
      useFactory: () => ({
        handler: ({ data, deliveries }) => send(data as Mail, deliveries),
        retryDelayMs: 10,
      }),
    }),
  ],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
const done = once(sent, 'mail');
await app.get(RedisCacheService).queue('mails').queueRequest({ to: 'ada@example.com' });
await done;
await app.close();

// Output:
// attempt 1 for ada@example.com
// attempt 2 for ada@example.com
