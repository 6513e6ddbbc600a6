import { describe, expect, it } from '@jest/globals';
import type { TaskResult, UpstreamFailure } from 'nestjs-worker-pool';
import { TaskFailedError } from '../completions/errors.js';
import { ProblemError } from '../http/problem.js';
import { messagesErrorShape } from './messages-error.js';

const shape = (error: ProblemError) =>
  messagesErrorShape(error, { id: 'req-1', url: '/v1/messages', headers: {} });

const failed = (code: string, upstream?: UpstreamFailure): TaskFailedError =>
  new TaskFailedError({ status: 'failed', error: { code, message: 'broken', upstream } } as TaskResult);

const OVERLOAD: UpstreamFailure = {
  status: 529,
  type: 'overloaded_error',
  retryAfterMs: null,
  requestId: 'req_api',
  body: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded","details":null}}',
};

describe('messagesErrorShape', () => {
  it("passes on the API's own error, with its id", () => {
    const { status, body, headers } = shape(failed('ERR_ANTHROPIC_OVERLOADED', OVERLOAD));
    expect([status, JSON.stringify(body)]).toEqual([529, OVERLOAD.body]);
    expect(headers).toMatchObject({ 'request-id': 'req_api' });
  });

  it("does not pass on an error that concerns the gateway's own account", () => {
    const error = failed('ERR_ANTHROPIC_PERMISSION', { ...OVERLOAD, status: 403 });
    expect(shape(error)).toMatchObject({
      status: 502,
      body: { error: { type: 'api_error', message: 'broken' }, request_id: 'req_api' },
    });
  });

  it.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [413, 'request_too_large'],
    [415, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [503, 'api_error'],
    [504, 'timeout_error'],
  ])('gives a %i the type of the API', (status, type) => {
    const { body, headers } = shape(new ProblemError(status, 'broken'));
    expect(body).toEqual({ type: 'error', error: { type, message: 'broken' }, request_id: 'req-1' });
    expect(headers).toMatchObject({ 'request-id': 'req-1' });
  });

  it.each([
    ['ERR_ANTHROPIC_RATE_LIMIT', 429],
    ['ERR_ANTHROPIC_OVERLOADED', 529],
    ['ERR_ANTHROPIC_NOT_FOUND', 404],
    ['ERR_ANTHROPIC_CONNECTION', 502],
    ['ERR_SOMETHING_ELSE', 502],
  ])('gives %s its status, also when another process ran the task', (code, status) => {
    expect(shape(failed(code)).status).toBe(status);
    expect(shape(new ProblemError(502, 'broken', { code })).status).toBe(status);
  });

  it('passes on the upstream status of another executor', () => {
    const upstream = { status: 529, type: null, retryAfterMs: 1_500 };
    const error = failed('ERR_CLAUDE_CLI', upstream);
    expect([shape(error).status, error.retryAfterSeconds]).toEqual([529, 2]);
    expect(shape(failed('ERR_CLAUDE_CLI', { ...upstream, status: 401 })).status).toBe(502);
  });

  it.each([
    ['a timeout', new ProblemError(504, 'late'), 'false'],
    ["the API refused the gateway's own key", failed('ERR_ANTHROPIC_AUTHENTICATION'), 'false'],
    ["the API refused the CLI's key", failed('ERR_CLAUDE_CLI', { ...OVERLOAD, status: 401 }), 'false'],
    ['an overload that the executor did not retry', failed('ERR_ANTHROPIC_OVERLOADED', OVERLOAD), undefined],
    [
      'an overload that it did retry, or an answer that had begun',
      failed('ERR_ANTHROPIC_OVERLOADED', { ...OVERLOAD, isFinal: true }),
      'false',
    ],
    ['a failure in another process', new ProblemError(502, 'broken', { code: 'ERR_ANTHROPIC_API' }), 'false'],
    ['a full backlog', new ProblemError(429, 'full', { code: 'ERR_POOL_SATURATED' }), undefined],
  ])('says whether to retry after %s', (_name, error, value) => {
    expect(shape(error).headers?.['x-should-retry']).toBe(value);
  });
});
