export { KeyvRedisCache } from './keyv-redis-cache.js';
