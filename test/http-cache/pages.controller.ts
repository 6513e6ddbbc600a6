import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  Post,
  Redirect,
  Res,
  Sse,
  StreamableFile,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { from, type Observable } from 'rxjs';
import { HandlerScript } from './handler-script.js';

/** The common parts of Express's response and Fastify's reply. */
interface AnyResponse {
  header(name: string, value: string): unknown;
  send(body: unknown): unknown;
}

/** Handlers of every kind, behind the interceptor. */
@Controller('pages')
@UseInterceptors(HttpCacheInterceptor)
@HttpCache({ ttlSeconds: 100, tags: ['pages'] })
export class PagesController {
  constructor(private readonly script: HandlerScript) {}

  @Get('plain/:name')
  plain(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  // Applied twice to one handler, by mistake or because one is global.
  @Get('twice/:name')
  @UseInterceptors(HttpCacheInterceptor)
  twice(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('me/:name')
  async me(@Param('name') name: string, @Headers('authorization') user = 'nobody'): Promise<unknown> {
    return { user, page: await this.script.run(name) };
  }

  @Get('everybody/:name')
  @HttpCache({ varyByAuthorization: false })
  everybody(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('language/:name')
  @HttpCache({ varyByHeaders: ['Accept-Language'] })
  @Header('Vary', 'Accept-Language')
  language(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('languages/:name')
  @Header('Vary', 'Accept-Language')
  languages(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('keyed/:name')
  @HttpCache({ key: (context) => `page:${pathOf(context.switchToHttp().getRequest())}`, tags: pageTags })
  keyed(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('ignoring-directives/:name')
  @HttpCache({ honourCacheControl: false })
  ignoringDirectives(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('durable/:name')
  @HttpCache({ staleSeconds: 1_000 })
  durable(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('ahead/:name')
  @HttpCache({ refreshAhead: 0.5 })
  ahead(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('ahead-with-headers/:name')
  @HttpCache({ refreshAhead: 0.5 })
  async aheadWithHeaders(
    @Param('name') name: string,
    @Res({ passthrough: true }) response: AnyResponse,
  ): Promise<unknown> {
    response.header('X-Page', name);
    return this.script.run(name);
  }

  @Get('missing/:name')
  @HttpCache({ negativeTtlSeconds: (error) => (isNotFound(error) ? 100 : 0) })
  missing(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('with-headers/:name')
  async withHeaders(
    @Param('name') name: string,
    @Res({ passthrough: true }) response: AnyResponse,
  ): Promise<unknown> {
    response.header('X-Page', name);
    response.header('Content-Type', 'text/csv; charset=utf-8');
    return this.script.run(name);
  }

  @Get('cookie/:name')
  async cookie(
    @Param('name') name: string,
    @Res({ passthrough: true }) response: AnyResponse,
  ): Promise<unknown> {
    const page = (await this.script.run(name)) as { call: number };
    response.header('Set-Cookie', `session=${page.call}`);
    return page;
  }

  @Get('accepted/:name')
  @HttpCode(203)
  accepted(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('secret/:name')
  @Header('Cache-Control', 'private, max-age=60')
  secret(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('off/:name')
  @HttpCache(false)
  off(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('file/:name')
  async file(@Param('name') name: string): Promise<StreamableFile> {
    return new StreamableFile(Buffer.from(JSON.stringify(await this.script.run(name))));
  }

  @Get('stream/:name')
  async stream(@Param('name') name: string): Promise<Readable> {
    return Readable.from([JSON.stringify(await this.script.run(name))]);
  }

  @Get('sent/:name')
  async sent(@Param('name') name: string, @Res() response: AnyResponse): Promise<void> {
    response.send(await this.script.run(name));
  }

  @Get('redirect/:name')
  @Redirect('https://example.com/')
  async redirect(@Param('name') name: string): Promise<void> {
    await this.script.run(name);
  }

  @Sse('events/:name')
  events(@Param('name') name: string): Observable<{ data: string }> {
    return from(this.script.run(name).then((page) => ({ data: JSON.stringify(page) })));
  }

  @Post('plain/:name')
  change(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }
}

/** A controller for one version of a URL; those for other versions have the same name. */
export function versioned(version: string): Type {
  @Controller({ path: 'versioned', version })
  @UseInterceptors(HttpCacheInterceptor)
  class VersionedController {
    @Get()
    show(): string {
      return `version ${version}`;
    }
  }
  return VersionedController;
}

function pathOf(request: { url: string }): string {
  return request.url;
}

function pageTags(): string[] {
  return ['keyed'];
}

function isNotFound(error: unknown): boolean {
  return (error as { getStatus?: () => number }).getStatus?.() === 404;
}
