import type { Cipher } from './cipher.js';
import type { UnreadableReport } from './unreadable.js';

/** Begins every sealed text; no JSON does. */
const MARK = 'enc1:';

export interface TextSealerOptions {
  cipher: Cipher;
  keyPrefix: string;
  /** Whether texts that are not sealed are accepted. */
  readPlain: boolean;
  report: UnreadableReport;
}

/**
 * Encrypts what is stored as text. A text is bound to the place that `kind` and `name` describe: sealed for another one, it
 * cannot be opened. The key prefix contains no braces, so two places never have the same description.
 */
export class TextSealer {
  constructor(private readonly options: TextSealerOptions) {}

  seal(kind: string, name: string, text: string): string {
    const sealed = this.options.cipher.seal(Buffer.from(text), this.#place(kind, name));
    return MARK + sealed.toString('base64');
  }

  /** `null`, which is reported, if the text cannot be opened. */
  open(kind: string, name: string, text: string): string | null {
    const { cipher, readPlain, report } = this.options;
    if (!isSealed(text)) return readPlain ? text : this.#refuse('plain');
    const plain = cipher.open(Buffer.from(text.slice(MARK.length), 'base64'), this.#place(kind, name));
    if (typeof plain !== 'string') return plain.toString();
    report.note(plain);
    return null;
  }

  #refuse(reason: 'plain'): null {
    this.options.report.note(reason);
    return null;
  }

  #place(kind: string, name: string): Buffer {
    return Buffer.from(`${kind}:${this.options.keyPrefix}:{${name}}`);
  }
}

export function isSealed(text: string): boolean {
  return text.startsWith(MARK);
}
