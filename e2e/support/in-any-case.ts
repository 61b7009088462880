/**
 * Takes every step, in order, though one before it failed: what a file leaves behind, the next one finds.
 *
 * @throws what the only step that failed threw, or all of it together.
 */
export async function inAnyCase(...steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join("; "));
}
