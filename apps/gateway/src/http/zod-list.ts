import { z } from 'zod';

/**
 * An array whose validation ends at its first invalid element: a long array of invalid elements costs no more than a
 * valid one.
 */
export function listOf<Item extends z.ZodType>(
  item: Item,
  params?: Parameters<typeof z.array>[1],
): z.ZodArray<Item> {
  const { $schema: _, ...items } = z.toJSONSchema(item, { io: 'input' });
  const list = z.array(z.unknown(), params).superRefine((values, context) => {
    for (const [at, value] of values.entries()) {
      const { error } = item.safeParse(value);
      for (const issue of error?.issues ?? []) context.addIssue({ ...issue, path: [at, ...issue.path] });
      if (error !== undefined) return;
    }
  });
  // None of the items is transformed, so that the output is the input.
  return list.meta({ items }) as unknown as z.ZodArray<Item>;
}
