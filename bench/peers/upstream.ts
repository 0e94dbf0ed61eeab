/** A provider that answers at once: Google's geocoding for us, a chat completion of the same size for the other gateway. */
import { createServer } from 'node:http';

const street = 'улица Алишера Навои';
const googleAnswer = Buffer.from(
  JSON.stringify({
    results: [
      {
        address_components: [
          { long_name: '5', short_name: '5', types: ['street_number'] },
          { long_name: street, short_name: street, types: ['route'] },
          { long_name: 'Ташкент', short_name: 'Ташкент', types: ['locality', 'political'] },
          { long_name: 'Узбекистан', short_name: 'UZ', types: ['country', 'political'] },
        ],
        formatted_address: `${street} 5, Ташкент, Узбекистан`,
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
  }),
);
const chatAnswer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1,
    model: 'bench',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'x'.repeat(googleAnswer.length - 300) },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
);

createServer((request, response) => {
  request.resume();
  const answer = request.url?.startsWith('/maps/') === true ? googleAnswer : chatAnswer;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
}).listen(Number(process.argv[2]), '127.0.0.1');
