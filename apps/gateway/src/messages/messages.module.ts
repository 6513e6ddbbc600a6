import { Module } from '@nestjs/common';
import { CompletionModule } from '../completion/completion.module.js';
import { CountTokensController } from './count-tokens.controller.js';
import { LateAnswers } from './late-answers.js';
import { MessagesController } from './messages.controller.js';
import { UnknownMessagesController } from './unknown-messages.controller.js';

/** `POST /v1/messages`, on the same cache and workers as `POST /v1/completions`, and what lies below it. */
@Module({
  imports: [CompletionModule],
  controllers: [MessagesController, CountTokensController, UnknownMessagesController],
  providers: [LateAnswers],
})
export class MessagesModule {}
