/**
 * What may be the name of a model on a command line: `sonnet`, `claude-sonnet-4-5-20250929`,
 * `opus[1m]`, `us.anthropic.claude-sonnet-4:0`, an ARN. Never something that reads as an option.
 */
export const MODEL_NAME = /^[A-Za-z0-9][\w.:/@[\]-]{0,199}$/;
