import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../tenants/access.decorators.js';
import { publicFile } from './public-files.js';

/** The page that shows the cache at work. */
@ApiExcludeController()
@Controller()
export class PageController {
  readonly #html = publicFile('index.html');

  @Get()
  @Public()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  page(): string {
    return this.#html;
  }
}
