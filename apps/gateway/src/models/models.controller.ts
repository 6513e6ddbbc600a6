import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ModelInfo } from 'nestjs-worker-pool';
import { ProblemError } from '../http/problem.js';
import { WithErrorShape } from '../http/route-config.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { messagesErrorShape } from '../messages/messages-error.js';
import {
  asOpenAiModel,
  type ModelPage,
  modelsQuery,
  type ModelsQuery,
  openAiList,
  pageOf,
} from './model-list.js';
import { ModelsService } from './models.service.js';

/**
 * The Models API. A client of OpenAI's API, which names no version, gets the fields of its own form as well, and all
 * models, because that form has no pages.
 */
@Controller('v1/models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  @Get()
  @WithErrorShape(messagesErrorShape)
  async list(
    @Query(new ZodBody(modelsQuery)) query: ModelsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ModelPage & { object?: 'list' }> {
    reply.header('request-id', request.id);
    const models = await this.models.list();
    return isOfTheApi(request) ? pageOf(models, query) : openAiList(models, query);
  }

  @Get(':id')
  @WithErrorShape(messagesErrorShape)
  async retrieve(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ModelInfo> {
    reply.header('request-id', request.id);
    const found = (await this.models.list()).find((model) => model.id === id);
    if (found === undefined) throw new ProblemError(404, 'There is no such model.', { code: 'ERR_NO_MODEL' });
    return isOfTheApi(request) ? found : asOpenAiModel(found);
  }
}

function isOfTheApi({ headers }: FastifyRequest): boolean {
  return headers['anthropic-version'] !== undefined;
}
