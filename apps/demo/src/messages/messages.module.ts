import { Module } from '@nestjs/common';
import { CompletionModule } from '../completion/completion.module.js';
import { LateAnswers } from './late-answers.js';
import { MessagesController } from './messages.controller.js';

/** `POST /v1/messages`, on the same cache and workers as `POST /v1/completions`. */
@Module({ imports: [CompletionModule], controllers: [MessagesController], providers: [LateAnswers] })
export class MessagesModule {}
