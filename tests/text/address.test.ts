import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAddress, openAddress } from '../../src/text/address.ts';
import { readCorpus } from '../../src/text/read.ts';

let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    switch (request.url) {
      case '/book.txt':
        return response.end('Call me Ishmael.');
      case '/endless.txt':
        return void response.writeHead(200, { 'content-length': '200000001' }).write('a');
      case '/broken.txt':
        response.writeHead(200, { 'content-length': '1000' }).write('a');
        return void setTimeout(() => response.destroy(), 50);
      case '/hanging.txt':
        return void response.writeHead(200).write('a');
      default:
        return response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const read = async (address: string, signal?: AbortSignal) => readCorpus(await openAddress(address, signal));

test('a text comes by its address, with its length', async () => {
  const source = await openAddress(`${base}/book.txt`);
  expect(source).toMatchObject({ name: 'book.txt', bytes: 16 });
  const { tokenizer, ids } = await readCorpus(source);
  expect(tokenizer.decode(ids)).toBe('Call me Ishmael.');
});

test.each([
  ['not an address', 'bad-address', /not the address of a text/],
  ['ftp://example.org/a.txt', 'bad-address', /not the address of a text/],
  ['file:///etc/passwd', 'bad-address', /not the address of a text/],
  ['http://127.0.0.1:1/a.txt', 'not-fetched', /can’t be reached, or it lets no other page read its files \(CORS\)/],
])('%s: %s', async (address, code, message) => {
  await expect(read(address)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('what the server says is told', async () => {
  await expect(read(`${base}/no.txt`)).rejects.toMatchObject({
    code: 'not-fetched',
    message: expect.stringMatching(/^127\.0\.0\.1:\d+ answered 404 to the request for \/no\.txt\.$/),
  });
  await expect(read(`${base}/endless.txt`)).rejects.toMatchObject({
    code: 'bad-text',
    message: expect.stringMatching(/200,000,001 bytes/),
  });
  await expect(read(`${base}/broken.txt`)).rejects.toMatchObject({
    code: 'not-fetched',
    message: expect.stringMatching(/broke before/),
  });
});

test('reading can be given up', async () => {
  const giving = new AbortController();
  setTimeout(() => giving.abort(new Error('given up')), 50);
  await expect(read(`${base}/hanging.txt`, giving.signal)).rejects.toThrow('given up');
});

test('an address is told from a path', () => {
  expect(['https://a.b/c', 'HTTP://a', 'a.txt', '/a/b', 'C:\\a', 'httpx'].map(isAddress)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
