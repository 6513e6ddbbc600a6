import { z } from 'zod';

/**
 * What a caller may pass for the options of a shape. Editors show the doc comments of the shape, also from declaration
 * files, as long as the shape is a constant of its own: nested shapes and the type of a schema lose them there.
 */
export type OptionsOf<Shape extends z.core.$ZodShape> = z.input<z.ZodObject<Shape>>;

/** A string that is not empty. */
export const text = z.string({ error: 'must be a string' }).min(1, { error: 'must not be empty' });

export const wholeNumber = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

/** An object with the given fields; any other field is refused by name. */
export const optionsObject = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? 'is not an option' : 'must be an object'),
  });
