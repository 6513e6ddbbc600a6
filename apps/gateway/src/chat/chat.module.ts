import { Module } from '@nestjs/common';
import { CompletionsModule } from '../completions/completions.module.js';
import { ChatController } from './chat.controller.js';

/** OpenAI's chat completions, on the same cache and workers as `POST /v1/messages`. */
@Module({ imports: [CompletionsModule], controllers: [ChatController] })
export class ChatModule {}
