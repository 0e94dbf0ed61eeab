/** `GET /BYTES` answers with this many bytes, as fast as they are read. */
import { createServer, type ServerResponse } from 'node:http';

const chunk = Buffer.alloc(64 * 1024, 'integration ');

createServer((request, response) => {
  request.resume();
  const bytes = Number(request.url?.split('/').at(-1));
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  send(response, bytes);
}).listen(Number(process.argv[2]), '127.0.0.1');

function send(response: ServerResponse, bytes: number): void {
  let left = bytes;
  while (left > 0) {
    const part = left >= chunk.length ? chunk : chunk.subarray(0, left);
    left -= part.length;
    if (!response.write(part)) {
      response.once('drain', () => send(response, left));
      return;
    }
  }
  response.end();
}
