import { Module } from '@nestjs/common';
import { CompletionsModule } from '../completions/completions.module.js';
import { CountTokensController, MessagesController } from './messages.controller.js';
import { UnknownRoutesController } from './unknown-routes.controller.js';

/** The Messages API, on the same cache and workers as `POST /v1/completions`. */
@Module({
  imports: [CompletionsModule],
  controllers: [MessagesController, CountTokensController, UnknownRoutesController],
})
export class MessagesModule {}
