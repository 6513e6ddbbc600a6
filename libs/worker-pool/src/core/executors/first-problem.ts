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
  const [first] = error.issues;
  if (!first) {
    return { field: root, problem: 'is invalid' };
  }
  const { issue, path } = innermost(first, []);
  if (issue.code === 'unrecognized_keys') {
    const field = [...path, issue.keys[0]].join('.').slice(0, MAX_NAME_CHARS);
    return { field, problem: 'is not a known field' };
  }
  return { field: path.join('.') || root, problem: issue.message };
}

interface Located {
  issue: z.core.$ZodIssue;
  path: PropertyKey[];
}

/** Of a value that is none of several, what is wrong inside of the one that it resembles, if it does one. */
function innermost(issue: z.core.$ZodIssue, parents: readonly PropertyKey[]): Located {
  const path = [...parents, ...issue.path];
  const branches = issue.code === 'invalid_union' ? issue.errors : [];
  const inside = branches.map(([first]) => first).find((first) => first && first.path.length > 0);
  return inside ? innermost(inside, path) : { issue, path };
}
