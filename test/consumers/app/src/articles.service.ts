import { Injectable } from '@nestjs/common';
import { Cached, RedisCacheService } from 'nestjs-redis-cache';
import { WorkerPool } from 'nestjs-worker-pool';

export interface Article {
  id: string;
  /** How often an article was loaded. */
  loads: number;
}

@Injectable()
export class Articles {
  #loads = 0;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly pool: WorkerPool,
  ) {}

  @Cached({ key: (id: string) => `article:${id}`, tags: ['articles'], ttlSeconds: 60 })
  async find(id: string): Promise<Article> {
    this.#loads += 1;
    return { id, loads: this.#loads };
  }

  async summary(text: string): Promise<{ text: string; status: string }> {
    const result = await this.cache.getOrSetEntry(`summary:${text}`, ({ signal }) =>
      this.#summarise(text, signal),
    );
    return { text: result.value, status: result.status };
  }

  async forget(): Promise<boolean> {
    return this.cache.invalidateTags('articles');
  }

  async #summarise(prompt: string, signal: AbortSignal): Promise<string> {
    const { completion } = await this.pool.run({ prompt, max_tokens: 20 }, { signal });
    return completion ?? '';
  }
}
