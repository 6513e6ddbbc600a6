import type { ContentBlock } from 'nestjs-worker-pool';
import { refuseField } from './refuse-field.js';

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+);base64,/i;
const HTTPS = /^https:\/\//i;
const PDF = 'application/pdf';

/**
 * Translates the URL of an image. The API itself reads images at https URLs.
 *
 * @throws {ProblemError} 400 naming the field
 */
export function toImageBlock(url: string, field: string): ContentBlock {
  if (HTTPS.test(url)) return { type: 'image', source: { type: 'url', url } };
  const source = dataIn(url);
  if (source?.media_type.startsWith('image/')) return { type: 'image', source };
  return refuseField(field, 'must be an https URL, or a data URL of an image in base64');
}

/**
 * Translates a file, which must be a PDF.
 *
 * @throws {ProblemError} 400 naming the field
 */
export function toFileBlock(
  file: { file_data: string; filename?: string | null | undefined },
  field: string,
): ContentBlock {
  const source = dataIn(file.file_data);
  if (source?.media_type !== PDF) return refuseField(field, `must be a data URL of type ${PDF} in base64`);
  return { type: 'document', source, ...(file.filename && { title: file.filename }) };
}

function dataIn(url: string): { type: 'base64'; media_type: string; data: string } | undefined {
  const [head, type] = DATA_URL.exec(url) ?? [];
  if (head === undefined || type === undefined) return undefined;
  return { type: 'base64', media_type: type.toLowerCase(), data: url.slice(head.length) };
}
