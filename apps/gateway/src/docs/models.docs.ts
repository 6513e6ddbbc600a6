import { z } from 'zod';
import { failure } from './messages.docs.js';
import {
  apiSchema,
  jsonResponse,
  pathParameter,
  queryParameter,
  RETRY_AFTER,
  type RouteDocs,
} from './route-doc.js';

const model = z.looseObject({
  type: z.literal('model'),
  id: z.string(),
  display_name: z.string(),
  created_at: z.string(),
});
const MODEL = apiSchema('Model', model);
const MODELS = apiSchema(
  'ModelPage',
  z.object({
    data: z.array(model),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  }),
);
const EXAMPLE = {
  type: 'model',
  id: 'claude-sonnet-5-5',
  display_name: 'Claude Sonnet 5.5',
  created_at: '2026-09-01T00:00:00Z',
};
const PAGE = { data: [EXAMPLE], has_more: false, first_id: EXAMPLE.id, last_id: EXAMPLE.id };

const REFUSED = {
  401: failure(401, 'The API key is missing or invalid', 'The API key is not valid.'),
  429: failure(
    429,
    'Too many requests from this client',
    'There were too many requests in the last minute.',
    RETRY_AFTER,
  ),
};

export const modelsDocs: RouteDocs = {
  'GET /v1/models': {
    tag: 'Messages',
    summary: 'List the models as the Models API does',
    description:
      'The models of the API behind the `anthropic` executor, cached for an hour; with other executors, or if the API does not respond in time, the models with a known price.',
    parameters: [
      queryParameter(
        'limit',
        'Models per page, 1 to 1,000. Default: 20; all without the header `anthropic-version`',
        '1000',
      ),
      queryParameter('after_id', 'Returns the models after this one'),
      queryParameter('before_id', 'Returns the models before this one'),
    ],
    responses: {
      200: jsonResponse('A page of models', MODELS, { models: PAGE }),
      400: failure(400, 'The limit is invalid', 'limit: must be a whole number from 1 to 1000'),
      ...REFUSED,
    },
  },
  'GET /v1/models/{id}': {
    tag: 'Messages',
    summary: 'Get a model as the Models API does',
    parameters: [pathParameter('id', 'Name of the model', 'claude-sonnet-5-5')],
    responses: {
      200: jsonResponse('The model', MODEL, { model: EXAMPLE }),
      404: failure(404, 'There is no such model', 'There is no such model.'),
      ...REFUSED,
    },
  },
};
