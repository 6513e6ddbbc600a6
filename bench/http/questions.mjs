const QUESTIONS = 64;
const SENTENCES = 24;

/** Request bodies that all differ; the completion of each has one or two kilobytes. */
export function questionBodies() {
  return Array.from({ length: QUESTIONS }, (_, question) => {
    const sentences = Array.from(
      { length: SENTENCES },
      (_unused, index) =>
        `In question ${question} the cache keeps answer number ${index} close to those who ask.`,
    );
    return JSON.stringify({ prompt: sentences.join(' ') });
  });
}
