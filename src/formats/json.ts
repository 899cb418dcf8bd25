/** Keys of all objects in a valid JSON text. */
function keysInText(json: string): number {
  let keys = 0;
  for (let i = json.indexOf('"'); i !== -1; i = json.indexOf('"', i)) {
    for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++;
    for (i++; ' \t\n\r'.includes(json[i] ?? '-'); ) i++;
    if (json[i] === ':') keys++;
  }
  return keys;
}

/** Keys of all objects in a value, however deep. */
function keysInValue(value: unknown): number {
  let keys = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    if (!Array.isArray(next)) keys += inner.length;
    for (const one of inner) if (typeof one === 'object') open.push(one);
  }
  return keys;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The object in a JSON text of UTF-8 bytes. JSON.parse keeps the last of two equal keys without a word; here they are
 * a fault. Throws an `Error` whose message completes “the file …”.
 */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let json: string;
  let value: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(json);
  } catch {
    throw new Error('is not JSON');
  }
  if (!isObject(value)) throw new Error('is no object');
  if (keysInText(json) !== keysInValue(value)) throw new Error('names something twice');
  return value;
}

/** A name from a file, cut so that it fits into a sentence, and without what would break the line. */
export function quote(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  return `“${shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '�')}”`;
}
