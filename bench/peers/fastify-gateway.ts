/** The smallest possible gateway: Fastify, one upstream call through undici's pool, the answer's bytes passed on. */
import Fastify from 'fastify';
import { Pool } from 'undici';
import { path } from './cached-answer.ts';

const upstream = new Pool(`http://127.0.0.1:${process.argv[3]}`, { connections: 64 });
const app = Fastify();
app.post<{ Body: { address: string } }>(path, async ({ body }, reply) => {
  const { body: answer } = await upstream.request({
    method: 'GET',
    path: `/maps/api/geocode/json?address=${encodeURIComponent(body.address)}&key=bench`,
  });
  reply.header('content-type', 'application/json');
  return reply.send(Buffer.from(await answer.arrayBuffer()));
});
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
