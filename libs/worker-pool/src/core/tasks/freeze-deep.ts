const isPlain = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
};

/** Freezes plain objects and arrays all the way down; leaves buffers and the like as they are. */
export function freezeDeep<T>(value: T): T {
  if (isPlain(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freezeDeep);
  }
  return value;
}
