/** Whether a text has more than `most` brackets, quotes and commas, which bounds the cost of `JSON.parse`. */
export function hasMoreTokens(text: string, most: number): boolean {
  let count = 0;
  for (const mark of ["{", "[", ",", '"']) {
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
      if (++count > most) return true;
    }
  }
  return false;
}

/** The first key that occurs twice in an object of the valid JSON `text`. `JSON.parse` would keep the last value. */
export function duplicateKey(text: string): string | undefined {
  const objects: Set<string>[] = [];
  const notSpace = /[^ \t\r\n]/g;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") objects.push(new Set());
    else if (character === "}") objects.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      notSpace.lastIndex = end;
      // A string followed by a colon is a key.
      if (text[notSpace.exec(text)?.index ?? end] === ":") {
        const key = JSON.parse(text.slice(at, end)) as string;
        const keys = objects.at(-1)!;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end - 1;
    }
  }
}

/** The end of the JSON string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
  } while (isEscaped(text, end));
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}
