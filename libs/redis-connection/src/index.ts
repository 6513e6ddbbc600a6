export { type RedisConnectionOptions, connectionShape, type NodeAddress } from './connection-options.js';
export { checkConnection, connectionSchema } from './check-connection.js';
export { connectionFromEnv } from './connection-from-env.js';
export { EnvReader, flag, type Variable, variables } from './connection-env.js';
export { optionsObject, type OptionsOf, text, wholeNumber } from './option-schema.js';
export { checkOptions } from './option-problems.js';
export { nearestOption, unknownOption } from './unknown-option.js';
export { OptionNames } from './option-names.js';
export { InvalidRedisUrlError, parseRedisUrl } from './redis-url.js';
export { createClient, endClient, type RedisClient, type RedisConstructors } from './create-client.js';
export { BLOCK_MS, cachePolicy, type ClientPolicy, hastyPolicy, patientPolicy } from './client-policies.js';
export { DatabaseNotSelectedError, requireDatabase } from './require-database.js';
export { sentinelSearchOf } from './sentinel-connector.js';
export { FailoverWatch } from './failover-watch.js';
export { Script, type ScriptArgument } from './script.js';
export { errorType } from './error-type.js';
export { ObservedOperation, OperationChannels, type OperationWrapper } from './observed-operation.js';
export { describeFailure, describeReason } from './describe-failure.js';
export {
  failureCode,
  type FailureKind,
  failureKind,
  isOutage,
  isSplitSlot,
  isUnservedSlot,
} from './failure-kind.js';
export { isReplyError, withoutArguments } from './wrapped-failure.js';
export { atMost, backOffMs, retryDelay } from './timing.js';
export { onAbort } from './on-abort.js';
export { isTooDeep, MAX_NESTING, TOO_DEEP } from './nesting.js';
export { parseStored, type StoredJson } from './stored-json.js';
export { hasMoreText } from './text-size.js';
export { Concealed, concealing } from './concealed.js';
