/** Tells every listener. One that throws is reported, and the others are told all the same. */
export function tellAll<News>(
  listeners: Iterable<(news: News) => void>,
  news: News,
  onError: (error: unknown) => void,
): void {
  for (const listener of listeners) {
    try {
      listener(news);
    } catch (error) {
      onError(error);
    }
  }
}
