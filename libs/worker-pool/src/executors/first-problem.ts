import type { z } from 'zod';

/** What is wrong with which field, in the words of the package's errors. */
export interface FieldProblem {
  field: string;
  problem: string;
}

// A field's name may be the sender's own invention, of any length.
const MAX_NAME_CHARS = 100;

/** The first failure that zod reports; `root` names the whole when no field is to blame. */
export function firstProblem(error: z.ZodError, root: string): FieldProblem {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const field = [...issue.path, issue.keys[0]].join('.').slice(0, MAX_NAME_CHARS);
    return { field, problem: 'is not a known field' };
  }
  return { field: issue?.path.join('.') || root, problem: issue?.message ?? 'is invalid' };
}
