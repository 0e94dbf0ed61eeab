/**
 * `npm run show-geocoding`: runs the whole service against emulated vendors and prints Markdown: the answer to each
 * fault of the first vendors, a file during an outage and afterwards, ten spellings of one building, a large matrix,
 * and the quality report of a mixed file. `docs/geocoding.md` has a short form.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { FaultMode } from '../emulator/control.ts';
import typed from '../src/geocoding/address/typed-addresses.golden.json' with { type: 'json' };
import type { TestReply } from '../test/support/service.ts';
import { ensureTestServices } from './test-services.ts';

const root = join(import.meta.dirname, '..');
const services = await ensureTestServices((line) => process.stderr.write(`${line}\n`));
Object.assign(process.env, services.env);
// These modules read the servers' addresses when they are imported.
const { startTestService } = await import('../test/support/service.ts');
const { startVendors } = await import('../test/support/vendors.ts');
const { waitFor } = await import('../test/support/wait-for.ts');

const closers: (() => unknown)[] = [];
const t = { after: (close: () => unknown) => void closers.push(close) };
const vendors = await startVendors(t);
const app = await startTestService(t, vendors.env);
const asked = (): number => vendors.received('google_maps') + vendors.received('yandex_maps');
const print = (line = ''): void => console.log(line);

try {
  // The emulator loads its places at the first question.
  for (const provider of ['google', 'yandex']) await app.geocode('Ташкент, улица Навои, 1', { provider });
  await settle();
  await showFaults();
  await showOutage();
  await showSpellings();
  await showMatrix();
  await showQuality();
} finally {
  for (const close of closers.reverse()) await close();
  await services.close();
}

async function servicesByName(): Promise<Map<string, string>> {
  const { json } = await app.admin('GET', '/services');
  return new Map(json.services.map((each: { service_name: string; id: string }) => [each.service_name, each.id]));
}

/** Ends the vendors' faults, and checks each service: a successful check closes a breaker and ends a pause. */
async function settle(): Promise<void> {
  vendors.control.heal();
  for (const [name, id] of await servicesByName()) {
    if (!name.endsWith('_maps')) continue;
    await app.admin('PATCH', `/services/${id}`, { config: { timeout_seconds: 1, max_retries: 0 } });
    await app.admin('POST', `/services/${id}/check`);
  }
}

function describe({ status, json }: TestReply): string {
  if (status !== 200) return `${status} \`${json.code}\``;
  const { provider, degraded, confidence, partial_match } = json;
  return `200 from \`${provider}\`, confidence ${confidence}${degraded ? ', `degraded`' : ''}${partial_match ? ', `partial_match`' : ''}`;
}

async function showFaults(): Promise<void> {
  print('### Answers when vendors fail\n');
  print('| fault | of Google alone | of Google and Yandex | the same, with `min_confidence: 0.5` |');
  print('| --- | --- | --- | --- |');
  const modes: readonly FaultMode[] = [
    ...(['500', '503', 'hang', 'reset', 'cut', 'html', 'truncated', 'empty'] as const),
    ...(['over_query_limit', 'request_denied'] as const),
  ];
  for (const [index, mode] of modes.entries()) {
    const cells: string[] = [];
    for (const struck of [['google_maps'], ['google_maps', 'yandex_maps']]) {
      for (const vendor of struck) vendors.control.fail({ vendor, mode });
      const address = `Ташкент, улица Навои, ${100 + 2 * index + struck.length}`;
      cells.push(describe(await app.geocode(address)));
      if (struck.length > 1) cells.push(describe(await app.geocode(address, { min_confidence: 0.5 })));
      await settle();
    }
    print(`| \`${mode}\` | ${cells.join(' | ')} |`);
  }
  print();
}

async function showOutage(): Promise<void> {
  print('### A file during an outage and afterwards\n');
  const folder = await mkdtemp(join(tmpdir(), 'show-geocoding-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'homes.csv');
  const homes = Array.from({ length: 40 }, (_home, index) => `"Ташкент, улица Мукими, ${index + 1}"`);
  await writeFile(file, ['address', ...homes].join('\n'));
  const before = asked();
  const first = runCli(file, ['--concurrency', '1', '--max-wait', '1']);
  await waitFor('fifteen homes are asked for', () => asked() - before >= 15);
  for (const vendor of ['google_maps', 'yandex_maps']) vendors.control.fail({ vendor, mode: '503' });
  print('```');
  print('$ cli geocode homes.csv        # both vendors fail after fifteen homes');
  print(await first);
  await settle();
  const healed = asked();
  print('$ cli geocode homes.csv        # they are back');
  print(await runCli(file, []));
  print('```\n');
  const output = await readFile(file.replace('.csv', '.geocoded.csv'), 'utf8');
  const found = output.split('\n').filter((line) => /,google_maps,|,yandex_maps,/.test(line)).length;
  print(
    `${found} of 40 rows have an answer; the second run asked the vendors ${asked() - healed} times, for the pending rows.\n`,
  );
}

/** The output of the command, without its progress, and its exit code. */
async function runCli(file: string, options: readonly string[]): Promise<string> {
  const destination = ['--url', app.url, '--token', app.token, '--tenant', app.tenant];
  const cli = spawn(process.execPath, ['src/cli/main.ts', 'geocode', file, ...destination, ...options], { cwd: root });
  let said = '';
  for (const stream of [cli.stdout, cli.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  }
  const code = await new Promise<number | null>((resolve) => cli.on('close', resolve));
  const lines = stripVTControlCharacters(said)
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(file, 'homes.csv').replaceAll(file.replace('.csv', ''), 'homes').trimEnd());
  const last = lines.filter((line) => line !== '' && !line.startsWith('Geocoding ['));
  return [...new Set(last), `(exit code ${code})`].join('\n');
}

async function showSpellings(): Promise<void> {
  print('### Ten spellings of one building\n');
  const before = asked();
  for (const address of [
    'г. Ташкент, ул. Шота Руставели, д. 45, кв. 12',
    'ташкент ул шота руставели 45 кв 7 этаж 2',
    'Ташкент, ул.Шота Руставели,45',
    'УЛ. ШОТА РУСТАВЕЛИ, ДОМ 45, Г. ТАШКЕНТ',
    'Toshkent shahri, Shota Rustaveli ko‘chasi, 45-uy, 3-xonadon',
    "Toshkent sh. Shota Rustaveli ko'ch. 45 uy",
    'Тошкент шаҳри, Шота Руставели кўчаси, 45-уй',
    'Тошкент ш., Шота Руставели кучаси 45 уй 8 хонадон 3 қават',
    'Tashkent, Shota Rustaveli street, 45',
    'Ташкент,  ул. Шота  Руставели, дом № 45, подъезд 2, домофон 12К',
  ]) {
    const { json, headers } = await app.geocode(address);
    const said = Object.entries(json.unit ?? {}).filter(([, value]) => value !== null);
    const unit = said.length === 0 ? '' : ` · ${said.map(([name, value]) => `${name} ${value}`).join(', ')}`;
    print(`- \`${address}\`: ${headers.get('x-cache')}${unit}`);
  }
  print(`\nRequests to providers: ${asked() - before}.\n`);
}

async function showMatrix(): Promise<void> {
  print('### 25 by 25 places\n');
  const places = Array.from({ length: 26 }, (_place, index) => ({ latitude: 41.2 + index / 100, longitude: 69.2 }));
  for (const [name, origins] of [
    ['cold', places.slice(0, 25)],
    ['again', places.slice(0, 25)],
    ['one origin is new', [...places.slice(0, 24), places[25]]],
  ] as const) {
    const before = asked();
    const body = { origins, destinations: places.slice(0, 25), mode: 'driving' };
    const { json, headers } = await app.call('POST', '/geocoding/matrix', body);
    const answered = json.rows.flat().filter((each: { error?: unknown }) => each.error === undefined).length;
    const id = headers.get('x-request-id');
    const { logs } = (await app.admin('GET', `/logs?request_id=${id}&operation=distance`)).json;
    const paid = logs.map(
      (log: { elements: number; estimated_cost: number }) => `${log.elements} for $${log.estimated_cost}`,
    );
    print(`- ${name}: ${answered} elements, requests ${asked() - before}, paid ${paid.join(', ') || 'nothing'}`);
  }
  print();
}

async function showQuality(): Promise<void> {
  print('### Quality report of a mixed file\n');
  // A separate tenant, so that the report does not count the faults above.
  const app = await startTestService(t, vendors.env);
  const { json: known } = await app.admin('GET', '/services');
  const google = known.services.find((each: { service_name: string }) => each.service_name === 'google_maps');
  await app.admin('PATCH', `/services/${google.id}`, { config: { shadow_share: 1 } });
  const addresses = typed.map(({ text }) => text);
  const { json } = await app.call('POST', '/geocoding/batch', { addresses });
  print(`${addresses.length} addresses as people type them: ${json.success_count} found, ${json.failure_count} not.\n`);
  let rows: readonly Record<string, unknown>[] = [];
  await waitFor('the counts are written', async () => {
    rows = (await app.admin('GET', '/geocoding/quality')).json.rows;
    return rows.some(({ compared }) => Number(compared) > 0);
  });
  const columns = ['provider', 'city', 'asked', 'good', 'poor', 'empty', 'failed', 'compared', 'disagreed_over_100m'];
  print(`| ${columns.join(' | ')} |`);
  print(`|${' --- |'.repeat(columns.length)}`);
  for (const row of rows) print(`| ${columns.map((column) => String(row[column] ?? '')).join(' | ')} |`);
}
