import { ProblemError } from '../http/problem.js';

/** @throws {ProblemError} 400 naming the field */
export function refuseField(field: string, detail: string): never {
  throw new ProblemError(400, `${field}: ${detail}`, {
    code: 'ERR_VALIDATION',
    errors: [{ field, detail }],
  });
}
