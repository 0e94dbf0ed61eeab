/** Answers input that is not HTTP directly on the socket, since no request exists yet. */
import type { Socket } from 'node:net';
import { ServiceError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { problemOf } from '../reply/problem.ts';

/** For Fastify's `clientErrorHandler`: sends a problem document and closes the connection. */
export function answerMalformedHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } = problemOf(new ServiceError('INVALID_REQUEST', detailOf(error.code)), {
    requestId: newId(),
    instance: '/',
  });
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} Bad Request\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}

function detailOf(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'The headers and the URL are larger than 16 KiB.';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'The request did not arrive in time.';
    default:
      return 'This is not valid HTTP/1.1.';
  }
}
