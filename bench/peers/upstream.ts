/**
 * A provider that answers at once: Google's geocoding for us, a chat completion of the same size for the other gateway.
 */
import { createServer } from 'node:http';

const street = 'улица Алишера Навои';
/**
 * `{n}` is the requested house: an answer for another one would count as poor, and the next provider would be asked.
 */
const googleTemplate = JSON.stringify({
  results: [
    {
      address_components: [
        { long_name: '{n}', short_name: '{n}', types: ['street_number'] },
        { long_name: street, short_name: street, types: ['route'] },
        { long_name: 'Ташкент', short_name: 'Ташкент', types: ['locality', 'political'] },
        { long_name: 'Узбекистан', short_name: 'UZ', types: ['country', 'political'] },
      ],
      formatted_address: `${street} {n}, Ташкент, Узбекистан`,
      geometry: {
        location: { lat: 41.3194, lng: 69.2484 },
        location_type: 'ROOFTOP',
        viewport: { northeast: { lat: 41.32, lng: 69.25 }, southwest: { lat: 41.31, lng: 69.24 } },
      },
      place_id: 'ChIJbench',
      types: ['street_address'],
    },
  ],
  status: 'OK',
});

/** The address ends in a number, like those of the benchmarks. */
function answerGoogle(url: string): Buffer {
  const address = decodeURIComponent(/[?&]address=([^&]*)/.exec(url)?.[1]?.replaceAll('+', ' ') ?? '');
  return Buffer.from(googleTemplate.replaceAll('{n}', /\d+$/.exec(address)?.[0] ?? '5'));
}

const chatAnswer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1,
    model: 'bench',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'x'.repeat(Buffer.byteLength(googleTemplate) - 300) },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
);

createServer((request, response) => {
  request.resume();
  const url = request.url ?? '';
  const answer = url.startsWith('/maps/') ? answerGoogle(url) : chatAnswer;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
}).listen(Number(process.argv[2]), '127.0.0.1');
