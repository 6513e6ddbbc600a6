import { z } from 'zod';

/** What is told of a schema beside what it checks. */
interface SchemaNote {
  /** Its name among the components. */
  id: string;
  description?: string;
}

/** The schemas of the API. Those that check requests are the very ones that are described. */
const registry = z.registry<SchemaNote>();

const COMPONENTS = '#/components/schemas/';

/** A schema by its name among the components. */
export interface SchemaReference {
  $ref: string;
}

/** Adds a schema to the components, and answers how to refer to it. */
export function apiSchema(id: string, schema: z.ZodType, description?: string): SchemaReference {
  registry.add(schema, { id, description });
  return { $ref: COMPONENTS + id };
}

/** All schemas that were added, as JSON Schema, which is what OpenAPI 3.1 takes. */
export function componentSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => COMPONENTS + id });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutNames(schema)]));
}

function withoutNames({ $schema: _, $id: __, id: ___, ...schema }: Record<string, unknown>): object {
  return schema;
}
