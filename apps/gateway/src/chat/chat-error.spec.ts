import { describe, expect, it } from '@jest/globals';
import type { TaskResult, UpstreamFailure } from 'nestjs-worker-pool';
import { TaskFailedError } from '../completions/errors.js';
import { ProblemError } from '../http/problem.js';
import { chatErrorShape } from './chat-error.js';

const shape = (error: ProblemError) =>
  chatErrorShape(error, { id: 'req-1', url: '/v1/chat/completions', headers: {} });

const failed = (code: string, upstream: Partial<UpstreamFailure>): TaskFailedError => {
  const failure = { status: null, type: null, retryAfterMs: null, requestId: 'req_api', ...upstream };
  return new TaskFailedError({
    status: 'failed',
    error: { code, message: 'broken', upstream: failure },
  } as TaskResult);
};

const bodyOf = (message: string) => JSON.stringify({ type: 'error', error: { type: 'x', message } });

describe('an error in the form of OpenAI', () => {
  it('names the field', () => {
    const errors = [{ field: 'n', detail: 'must be 1' }];
    expect(shape(new ProblemError(400, 'n: must be 1', { code: 'ERR_VALIDATION', errors }))).toMatchObject({
      status: 400,
      contentType: 'application/json; charset=utf-8',
      body: {
        error: {
          message: 'n: must be 1',
          type: 'invalid_request_error',
          param: 'n',
          code: 'ERR_VALIDATION',
        },
      },
    });
  });

  it.each([
    [400, 'ERR_UNSUPPORTED_PARAMETER', 'invalid_request_error', 'unsupported_parameter'],
    [401, 'ERR_WRONG_API_KEY', 'invalid_request_error', 'invalid_api_key'],
    [413, 'ERR_PROMPT_TOO_LARGE', 'invalid_request_error', 'ERR_PROMPT_TOO_LARGE'],
    [429, 'ERR_POOL_SATURATED', 'rate_limit_error', 'rate_limit_exceeded'],
    [503, 'ERR_POOL_CLOSED', 'server_error', 'ERR_POOL_CLOSED'],
    [500, undefined, 'server_error', null],
  ])('of %i %s has the type %s and the code %s', (status, code, type, expected) => {
    expect(shape(new ProblemError(status, 'a', { code })).body).toEqual({
      error: { message: 'a', type, param: null, code: expected },
    });
  });

  it('has the status and the message of the API', () => {
    const body = bodyOf('model: none');
    expect(shape(failed('ERR_ANTHROPIC_NOT_FOUND', { status: 404, body }))).toMatchObject({
      status: 404,
      body: { error: { message: 'model: none', code: 'model_not_found' } },
    });
    const long = bodyOf('prompt is too long: 201000 tokens > 200000 maximum');
    expect(shape(failed('ERR_ANTHROPIC_INVALID_REQUEST', { status: 400, body: long })).body).toMatchObject({
      error: { code: 'context_length_exceeded' },
    });
  });

  it.each(['{"error":"text"}', '{}', '{"error":{"message":1}}'])('survives the body %s', (body) => {
    expect(shape(failed('ERR_ANTHROPIC_API', { status: 500, body })).body).toMatchObject({
      error: { message: 'broken' },
    });
  });

  it('says when a client must not retry', () => {
    expect(shape(failed('ERR_ANTHROPIC_OVERLOADED', { status: 529, isFinal: true }))).toMatchObject({
      status: 529,
      headers: { 'x-should-retry': 'false' },
    });
  });
});
