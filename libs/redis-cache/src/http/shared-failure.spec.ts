import { describe, expect, it } from '@jest/globals';
import { HttpException, NotFoundException } from '@nestjs/common';
import { readFailure, writeFailure } from '../core/cache/factory.js';
import { fromSharedFailure, toSharedFailure } from './shared-failure.js';

const elsewhere = (error: unknown): unknown => readFailure(JSON.parse(writeFailure(toSharedFailure(error))));

describe('a shared failure', () => {
  it('is the handler’s own error in this process', () => {
    const error = new NotFoundException('no such article');
    expect(fromSharedFailure(toSharedFailure(error))).toBe(error);
  });

  it('is an instance of the error’s class, with its status', () => {
    const shared = toSharedFailure(new NotFoundException('no such article')) as NotFoundException;
    expect(shared).toBeInstanceOf(NotFoundException);
    expect([shared.getStatus(), shared.message]).toEqual([404, 'no such article']);
  });

  it('has the same status and body in another process', () => {
    const error = new HttpException({ title: 'Gone', detail: ['a', 1] }, 410);
    const there = fromSharedFailure(elsewhere(error)) as HttpException;
    expect(there).toBeInstanceOf(HttpException);
    expect([there.getStatus(), there.getResponse()]).toEqual([410, { title: 'Gone', detail: ['a', 1] }]);
  });

  it.each([
    ['an error without a status', new Error('boom')],
    ['no error at all', 'boom'],
    ['a body that JSON does not carry', new HttpException({ big: 1n } as never, 500)],
    ['a body that is too large', new HttpException('x'.repeat(9_000), 500)],
  ])('is passed on unchanged: %s', (_what, error) => {
    expect(toSharedFailure(error)).toBe(error);
    expect(fromSharedFailure(error)).toBe(error);
  });
});
