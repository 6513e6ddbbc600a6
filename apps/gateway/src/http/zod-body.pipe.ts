import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { type FieldProblem, ProblemError } from './problem.js';

/** More problems than this help nobody, and each takes time and space. */
const MAX_PROBLEMS = 20;
/** Characters of a name from the body that are repeated. */
const MAX_NAME_LENGTH = 100;

/** Validates a body by a schema. An invalid body is a 400 that names the invalid fields, at most 20 of them. */
export class ZodBody<Schema extends z.ZodType> implements PipeTransform<unknown, z.output<Schema>> {
  constructor(private readonly schema: Schema) {}

  transform(body: unknown): z.output<Schema> {
    const result = this.schema.safeParse(body);
    if (result.success) return result.data;
    const issues = result.error.issues.slice(0, MAX_PROBLEMS);
    const errors = issues.flatMap((issue) => fieldProblems(issue, [])).slice(0, MAX_PROBLEMS);
    const detail = errors.map((error) => `${error.field}: ${error.detail}`).join('; ');
    throw new ProblemError(400, detail, { code: 'ERR_VALIDATION', errors });
  }
}

function fieldProblems(issue: z.core.$ZodIssue, parents: readonly PropertyKey[]): FieldProblem[] {
  const path = [...parents, ...issue.path];
  const inside = issue.code === 'invalid_union' ? issue.errors.find(isInside) : undefined;
  if (inside !== undefined) return inside.flatMap((inner) => fieldProblems(inner, path));
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, MAX_PROBLEMS);
    return keys.map((key) => ({ field: nameOf([...path, key]), detail: 'is not a known field' }));
  }
  return [{ field: nameOf(path) || 'body', detail: issue.message }];
}

function nameOf(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'string' ? part.slice(0, MAX_NAME_LENGTH) : part));
  return parts.join('.');
}

/** Whether these are the problems of the form of a union that the value resembles: they are inside of it. */
function isInside([first]: readonly z.core.$ZodIssue[]): boolean {
  return first !== undefined && (first.path.length > 0 || first.code === 'unrecognized_keys');
}
