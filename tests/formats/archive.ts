import { deflateSync } from 'fflate';
import { crc32 } from '../../src/formats/crc32.ts';

/** A file of an archive made by hand; what is given beyond name and content is written even where it is not true. */
export interface ArchiveEntry {
  name: string;
  content?: Uint8Array;
  stored?: boolean;
  /** Whether sizes and checksum follow the data. */
  after?: boolean;
  localName?: string;
  flags?: number;
  method?: number;
  crc?: number;
  unpacked?: number;
  offset?: number;
}

interface Ending {
  comment?: string;
  count?: number;
  start?: number;
  disk?: number;
}

const u16 = (value: number) => [value & 255, (value >>> 8) & 255];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** Puts a ZIP archive together by the layout of PKWARE's APPNOTE, sections 4.3.7, 4.3.9, 4.3.12 and 4.3.16. */
export function archive(entries: readonly ArchiveEntry[], ending: Ending = {}): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let length = 0;
  const push = (...added: Uint8Array[]) => {
    for (const part of added) {
      parts.push(part);
      length += part.length;
    }
  };
  for (const entry of entries) {
    const { content = new Uint8Array(0), stored = content.length === 0, after = false } = entry;
    const packed = stored ? content : deflateSync(content);
    const flags = entry.flags ?? (after ? 0x0808 : 0x0800);
    const sizes = [
      ...u32(entry.crc ?? crc32(content)),
      ...u32(packed.length),
      ...u32(entry.unpacked ?? content.length),
    ];
    const method = u16(entry.method ?? (stored ? 0 : 8));
    const name = new TextEncoder().encode(entry.name);
    const localName = new TextEncoder().encode(entry.localName ?? entry.name);
    const offset = entry.offset ?? length;
    const common = [...u16(20), ...u16(flags), ...method, ...u32(0)];
    const localSizes = after ? new Array(12).fill(0) : sizes;
    push(
      Uint8Array.of(...u32(0x04034b50), ...common, ...localSizes, ...u16(localName.length), ...u16(0)),
      localName,
      packed,
    );
    if (after) push(Uint8Array.of(...u32(0x08074b50), ...sizes));
    const tail = [...u16(name.length), ...new Array(12).fill(0), ...u32(offset)];
    central.push(Uint8Array.of(...u32(0x02014b50), ...u16(20), ...common, ...sizes, ...tail), name);
  }
  const start = length;
  push(...central);
  const count = u16(ending.count ?? entries.length);
  const comment = new TextEncoder().encode(ending.comment ?? '');
  const place = [...u32(length - start), ...u32(ending.start ?? start), ...u16(comment.length)];
  push(Uint8Array.of(...u32(0x06054b50), ...u16(ending.disk ?? 0), ...u16(0), ...count, ...count, ...place), comment);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
