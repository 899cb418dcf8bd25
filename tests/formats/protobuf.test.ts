import { expect, test } from 'vitest';
import { Message } from '../../src/formats/protobuf.ts';

/** The examples of https://protobuf.dev/programming-guides/encoding. */
test('a message is encoded as published', () => {
  expect([...new Message().int(1, 150).encode()]).toEqual([0x08, 0x96, 0x01]);
  const testing = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
  expect([...new Message().string(2, 'testing').encode()]).toEqual(testing);
  const nested = new Message().message(3, new Message().int(1, 150));
  expect(nested.length).toBe(5);
  expect([...nested.encode()]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect([...new Message().int(1, -2).encode()]).toEqual([0x08, 0xfe, ...new Array(8).fill(0xff), 0x01]);
  expect([...new Message().float(20, 1).encode()]).toEqual([0xa5, 0x01, 0, 0, 0x80, 0x3f]);
});
