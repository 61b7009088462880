/** Does everything, so many at a time, each begun in its turn. @returns what they came to, in their order. */
export async function sideBySide<T>(
  todo: readonly (() => Promise<T>)[],
  lanes: number,
): Promise<readonly T[]> {
  const done: T[] = [];
  const left = todo.entries();
  const lane = async (): Promise<void> => {
    for (const [index, one] of left) done[index] = await one();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
}
