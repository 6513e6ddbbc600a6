import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { type FieldProblem, ProblemError } from './problem.js';

/** Validates a body by a schema. An invalid body is a 400 that names every invalid field. */
export class ZodBody<Schema extends z.ZodType> implements PipeTransform<unknown, z.output<Schema>> {
  constructor(private readonly schema: Schema) {}

  transform(body: unknown): z.output<Schema> {
    const result = this.schema.safeParse(body);
    if (result.success) return result.data;
    const errors = result.error.issues.flatMap((issue) => fieldProblems(issue, []));
    const detail = errors.map((error) => `${error.field}: ${error.detail}`).join('; ');
    throw new ProblemError(400, detail, { code: 'ERR_VALIDATION', errors });
  }
}

function fieldProblems(issue: z.core.$ZodIssue, parents: readonly PropertyKey[]): FieldProblem[] {
  const path = [...parents, ...issue.path];
  const inside = issue.code === 'invalid_union' ? issue.errors.find(isInside) : undefined;
  if (inside !== undefined) return inside.flatMap((inner) => fieldProblems(inner, path));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), detail: 'is not a known field' }));
  }
  return [{ field: path.join('.') || 'body', detail: issue.message }];
}

/** Whether these are the problems of the form of a union that the value resembles: they are inside of it. */
function isInside([first]: readonly z.core.$ZodIssue[]): boolean {
  return first !== undefined && (first.path.length > 0 || first.code === 'unrecognized_keys');
}
