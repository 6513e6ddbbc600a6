import { Body, Controller, Delete, Get, HttpCode, Post, ServiceUnavailableException } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { parseCompletionBody } from '../completion/completion.body.js';

@Controller('v1/queue')
export class QueueController {
  constructor(private readonly cache: RedisCacheService) {}

  @Post()
  @HttpCode(202)
  async enqueue(@Body() body: unknown): Promise<{ queued: true }> {
    if (await this.cache.queueRequest(parseCompletionBody(body))) return { queued: true };
    throw new ServiceUnavailableException('The request was not queued: the queue is full or Redis is away.');
  }

  @Get()
  async length(): Promise<{ length: number }> {
    return { length: await this.cache.getQueueLength() };
  }

  @Delete()
  async clear(): Promise<{ cleared: boolean }> {
    return { cleared: await this.cache.clearQueue() };
  }
}
