import { tagConformance } from '@test/get-or-set/tag-conformance.js';
import { MemoryBackend } from './memory-backend.js';

tagConformance('memory', async () => ({
  backend: new MemoryBackend({ maxBytes: 1_000_000 }),
  stop: async () => {},
}));
