import { unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { readZip, writeZip } from '../../src/formats/zip.ts';
import { archive } from './archive.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const FILES = new Map([
  ['config.json', utf8('{"a": 1}'.repeat(9))],
  ['onnx/model.onnx', Uint8Array.from({ length: 200 }, (_, i) => (i * i) % 251)],
  ['é/你.txt', utf8('words '.repeat(30))],
  ['empty', new Uint8Array(0)],
]);

describe('an archive', () => {
  test('reads back as it was, here and with another reader; the same files give the same bytes', () => {
    const bytes = writeZip(FILES);
    expect(readZip(bytes)).toEqual(FILES);
    expect(new Map(Object.entries(unzipSync(bytes)))).toEqual(FILES);
    expect(writeZip(FILES)).toEqual(bytes);
    expect(bytes.length).toBeLessThan(1000);
  });

  test('may say sizes after the data, have folders and a comment', () => {
    const bytes = archive(
      [{ name: 'a/' }, { name: 'a/b', content: utf8('hello '.repeat(9)), after: true }, { name: 'c', stored: true }],
      { comment: 'made by hand' },
    );
    expect([...readZip(bytes).keys()]).toEqual(['a/b', 'c']);
  });

  test('reads as it was, or not at all, when any one bit is another', () => {
    const bytes = writeZip(FILES);
    let refused = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      try {
        expect(readZip(changed)).toEqual(FILES);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-zip' });
        refused++;
      }
    }
    expect(refused / (8 * bytes.length)).toBeGreaterThan(0.9);
  });
});

describe('a hostile archive', () => {
  const content = utf8('some words');
  const zeros = new Uint8Array(20_000_000);
  test.each<[string, () => Uint8Array<ArrayBuffer>]>([
    ['shorter than an empty one', () => new Uint8Array(21)],
    ['no directory', () => new Uint8Array(100)],
    ['“../evil”, which is no name inside a folder', () => archive([{ name: '../evil', content }])],
    ['“/etc/passwd”, which is no name', () => archive([{ name: '/etc/passwd', content }])],
    ['“a/../b”, which is no name', () => archive([{ name: 'a/../b', content }])],
    ['which is no name', () => archive([{ name: 'C:\\evil', content }])],
    ['which is no name', () => archive([{ name: '', content }])],
    [
      '“a” twice',
      () =>
        archive([
          { name: 'a', content },
          { name: 'a', content },
        ]),
    ],
    ['would unpack to 20,000,000 bytes', () => archive([{ name: 'bomb', content: zeros }])],
    ['unpacks to more than it says', () => archive([{ name: 'bomb', content: zeros, unpacked: 1000 }])],
    ['is damaged', () => archive([{ name: 'a', content, unpacked: 1000 }])],
    ['is damaged', () => archive([{ name: 'a', content, crc: 1 }])],
    ['has two sizes', () => archive([{ name: 'a', content, stored: true, unpacked: 11 }])],
    ['is encrypted', () => archive([{ name: 'a', content, flags: 1 }])],
    ['is packed in a way', () => archive([{ name: 'a', content, method: 14 }])],
    [
      'does not lie where it says',
      () =>
        archive([
          { name: 'a', content },
          { name: 'b', content, offset: 0 },
        ]),
    ],
    ['does not lie where it says', () => archive([{ name: 'a', content }], { start: 7 })],
    ['larger than 4 GB', () => archive([{ name: 'a', content }], { start: 0xffffffff })],
    ['part of several', () => archive([{ name: 'a', content }], { disk: 1 })],
    ['directory is damaged', () => archive([{ name: 'a', content }], { count: 2 })],
    ['directory is damaged', () => archive([{ name: 'a', content }], { count: 0 })],
    ['holds 65534 files', () => archive([{ name: 'a', content }], { count: 65534 })],
    ['described in two ways', () => archive([{ name: 'a', content, localName: 'b' }])],
    ['“/a\ufffdb”, which is no name', () => archive([{ name: '/a\nb', content }])],
  ])('is refused: %s', (words, make) => {
    const begun = performance.now();
    expect(() => readZip(make())).toThrow(
      expect.objectContaining({ code: 'bad-zip', message: expect.stringContaining(words) }),
    );
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
