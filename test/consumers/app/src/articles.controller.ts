import { Controller, Delete, Get, Param, Query, UseInterceptors } from '@nestjs/common';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { type Article, Articles } from './articles.service.js';

@Controller('articles')
@UseInterceptors(HttpCacheInterceptor)
export class ArticlesController {
  constructor(private readonly articles: Articles) {}

  @Get('summary')
  @HttpCache(false)
  summary(@Query('text') text: string): Promise<{ text: string; status: string }> {
    return this.articles.summary(text);
  }

  @Get(':id')
  @HttpCache({ ttlSeconds: 60, tags: ['articles'] })
  find(@Param('id') id: string): Promise<Article> {
    return this.articles.find(id);
  }

  @Delete()
  forget(): Promise<boolean> {
    return this.articles.forget();
  }
}
