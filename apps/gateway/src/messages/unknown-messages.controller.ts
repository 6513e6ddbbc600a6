import { All, Controller } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { WithErrorShape } from '../http/error-shape.js';
import { ProblemError } from '../http/problem.js';
import { messagesErrorShape } from './messages-error.js';

const NOT_FOUND = new ProblemError(404, 'This gateway has no such route of the Messages API.');

/** What else there is below `/v1/messages` at the API: its clients are told in their own language that it is not here. */
@Controller('v1/messages')
@ApiExcludeController()
export class UnknownMessagesController {
  @All('*')
  @WithErrorShape(messagesErrorShape)
  refuse(): never {
    throw NOT_FOUND;
  }
}
