export {
  getRedisCacheHealthToken,
  InjectRedisCacheHealth,
  type RedisCacheHealthDetails,
  RedisCacheHealthIndicator,
} from './redis-cache.health.js';
