import { InvalidRequestError } from './invalid-request.error.js';

/** A field that the executor cannot honour; it is refused rather than dropped. */
export class UnsupportedParameterError extends InvalidRequestError {
  override readonly code = 'ERR_UNSUPPORTED_PARAMETER';

  constructor(field: string, executor: string, detail?: string) {
    super(field, `is not supported by the ${executor} executor${detail ? `: ${detail}` : ''}`);
  }
}
