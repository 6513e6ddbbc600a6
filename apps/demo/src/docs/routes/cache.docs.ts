import { problems } from '../problem-docs.js';
import { jsonAnswer, type RouteDocs } from '../route-doc.js';
import { CLEARED } from './queue.docs.js';

export const cacheDocs: RouteDocs = {
  'DELETE /v1/cache': {
    tag: 'Cache',
    summary: 'Remove every answer that is kept',
    responses: {
      200: jsonAnswer('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(401, 403, 429, 503),
    },
  },
};
