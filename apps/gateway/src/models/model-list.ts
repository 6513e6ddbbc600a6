import { z } from 'zod';
import { ANTHROPIC_PRICES, type ModelInfo } from 'nestjs-worker-pool';

const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 20;
const LIMIT = `must be a whole number from 1 to ${MAX_LIMIT}`;

/** Query of `GET /v1/models`. */
export const modelsQuery = z.object({
  limit: z.coerce.number(LIMIT).int(LIMIT).min(1, LIMIT).max(MAX_LIMIT, LIMIT).optional(),
  after_id: z.string().optional(),
  before_id: z.string().optional(),
});

export type ModelsQuery = z.output<typeof modelsQuery>;

/** A page of models, in the form of the Models API. */
export interface ModelPage {
  data: ModelInfo[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

/** The page of `models` that a query asks for: after a model, or before one, or the first. */
export function pageOf(
  models: readonly ModelInfo[],
  { limit = DEFAULT_LIMIT, after_id, before_id }: ModelsQuery,
): ModelPage {
  const end = before_id === undefined ? models.length : indexOf(models, before_id);
  const after = after_id === undefined ? 0 : indexOf(models, after_id) + 1;
  const start = before_id === undefined ? after : Math.max(0, end - limit);
  const data = models.slice(start, Math.min(end, start + limit));
  const has_more = before_id === undefined ? start + limit < models.length : start > 0;
  return { data, has_more, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

/** The models in OpenAI's form. It has no pages, so that all are in one unless the query limits them. */
export function openAiList(models: readonly ModelInfo[], query: ModelsQuery): ModelPage & { object: 'list' } {
  return { object: 'list', ...pageOf(models.map(asOpenAiModel), { limit: models.length, ...query }) };
}

function indexOf(models: readonly ModelInfo[], id: string): number {
  return models.findIndex((model) => model.id === id);
}

/** Release date of a model whose date is unknown, as in the API. */
const UNKNOWN_DATE = '1970-01-01T00:00:00Z';

/** The models with a known price, and `defaultModel`, for executors whose service has no list. */
export function knownModels(defaultModel: string): ModelInfo[] {
  const ids = new Set([defaultModel, ...Object.keys(ANTHROPIC_PRICES)]);
  return Array.from(ids, (id) => ({
    type: 'model',
    id,
    display_name: displayNameOf(id),
    created_at: UNKNOWN_DATE,
  }));
}

/** `claude-haiku-4-5` becomes `Claude Haiku 4.5`. */
function displayNameOf(id: string): string {
  const spaced = id.replace(/(\d)-(?=\d)/g, '$1.').replaceAll('-', ' ');
  return spaced.replace(/(^| )[a-z]/g, (start) => start.toUpperCase());
}

/** A model that has the fields of OpenAI's form, too. */
export function asOpenAiModel(model: ModelInfo): ModelInfo {
  const created = Math.floor(Date.parse(String(model['created_at'] ?? UNKNOWN_DATE)) / 1_000) || 0;
  return { ...model, object: 'model', created, owned_by: 'anthropic' };
}
