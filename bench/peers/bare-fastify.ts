/**
 * A cached answer from a bare Fastify route: token, validation, the same Buffer. No tenant, key, limit, log or metric.
 */
import { hash } from 'node:crypto';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import Type from 'typebox';
import { answerBody, path, token } from './cached-answer.ts';

const tokenHash = hash('sha256', token);
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>();
const body = Buffer.from(answerBody);

app.post(
  path,
  {
    schema: {
      body: Type.Object({
        address: Type.String({ minLength: 1, maxLength: 500 }),
        provider: Type.Optional(Type.String()),
        language: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2}$' })),
        country: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2}$' })),
      }),
    },
    onRequest(request, reply, done) {
      const given = request.headers.authorization?.slice('Bearer '.length) ?? '';
      if (hash('sha256', given) === tokenHash) return done();
      reply.code(401).send({ code: 'UNAUTHORIZED' });
    },
  },
  (_request, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8').send(body);
  },
);
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
