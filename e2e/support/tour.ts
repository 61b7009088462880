/** One block of commands in the README's tour, and the output printed under it. */
export interface TourStop {
  readonly commands: string;
  readonly shown: string;
}

/** The blocks of the section "Five minutes": each `sh` block with the `text` block that follows it, if one does. */
export function tourOf(readme: string): readonly TourStop[] {
  const section = readme.split("\n## ").find((part) => part.startsWith("Five minutes\n")) ?? "";
  const blocks = [...section.matchAll(/```(sh|text)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
    language,
    text: text ?? "",
  }));
  return blocks.flatMap(({ language, text }, index) => {
    const next = blocks[index + 1];
    return language === "sh"
      ? [{ commands: text.trim(), shown: next?.language === "text" ? next.text : "" }]
      : [];
  });
}

/**
 * The shown lines that the output does not have, in this order, once what differs from run to run is blanked:
 * ages, times, dates, ids and the width of columns. Lines of the output that are not shown do not matter.
 */
export function linesInOrder(shown: string, output: string): readonly string[] {
  const printed = comparable(output);
  const missing: string[] = [];
  let from = 0;
  for (const line of comparable(shown)) {
    const found = printed.indexOf(line, from);
    if (found < 0) missing.push(line);
    else from = found + 1;
  }
  return missing;
}

function comparable(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) =>
      line
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
        .replaceAll(/\b\d+\.\d+ s\b/g, "<seconds>")
        .replaceAll(/(?<= )(?:\d+[dhms])+$/g, "<age>")
        .replaceAll(/\s+/g, " ")
        .trim(),
    )
    .filter((line) => line !== "");
}
