import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import fc from 'fast-check';
import { TransportError } from './exchange.ts';
import { guardedLookup, isPublicAddress, parseAllowedNetworks, parseOutboundUrl, type ResolveAll } from './guard.ts';

const nothingAllowed = parseAllowedNetworks([]);

const notPublic = [
  ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
  ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  [
    'link-local and metadata',
    '169.254.169.254',
    'fe80::1',
    'fd00:ec2::254',
    '168.63.129.16',
    '192.0.0.192',
    '100.100.100.200',
  ],
  ['unspecified', '0.0.0.0', '0.1.2.3', '::'],
  ['multicast and broadcast', '224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255'],
  ['carrier-grade NAT', '100.64.0.1', '100.127.255.255'],
  [
    'reserved, documentation, benchmarks',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.9',
    '240.0.0.1',
    '2001:db8::1',
    '3fff::1',
  ],
  ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:a00:1'],
  ['IPv4-compatible', '::127.0.0.1', '::8.8.8.8'],
  ['NAT64', '64:ff9b::a00:1', '64:ff9b::808:808', '64:ff9b:1::1'],
  ['6to4', '2002:7f00:1::', '2002:a00:1::1'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['site-local', 'fec0::1'],
  ['IPv4-translated', '::ffff:0:127.0.0.1', '::ffff:0:7f00:1'],
  [
    'of a special registry',
    '100::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '192.88.99.1',
    '192.31.196.1',
    '5f00::1',
  ],
  ['of one link', 'fe80::1%eth0', '2a00:1450::1%eth0'],
  ['ISATAP', '2a00:1450::5efe:a00:1', '2a00:1450:0:0:200:5efe:a00:1'],
  ['no address', '', 'localhost', '1.2.3', '999.1.1.1'],
] as const;

for (const [kind, ...addresses] of notPublic) {
  test(`an address is refused that is ${kind}`, () => {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, address);
  });
}

test('public addresses pass', () => {
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450:4010::1', '2606:4700::1111']) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

test('a loopback or private IPv4 address is refused in every notation', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const spell = fc.constantFrom(
    (value: number) => String(value),
    (value: number) => `0x${value.toString(16)}`,
    (value: number) => `0${value.toString(8)}`,
  );
  fc.assert(
    fc.property(
      fc.constantFrom(127, 10),
      octet,
      octet,
      octet,
      fc.array(spell, { minLength: 4, maxLength: 4 }),
      (a, b, c, d, spells) => {
        const host = [a, b, c, d].map((value, index) => spells[index]?.(value)).join('.');
        const dword = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
        for (const url of [
          `http://${host}/`,
          `http://${dword}/`,
          `http://0x${dword.toString(16)}/`,
          `http://[::ffff:${a}.${b}.${c}.${d}]/`,
        ]) {
          assert.throws(() => parseOutboundUrl(url, nothingAllowed), isBlocked, url);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a disguised loopback address is refused', () => {
  for (const url of [
    'http://127.0.0.1./',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://127.1/',
    'http://0/',
    'http://017700000001/',
    'http://%31%32%37.0.0.1/',
    'http:127.0.0.1',
    'http:\\\\127.0.0.1\\',
    ' HTTP://127.0.0.1 ',
    // The text contains the plain address, though its host is written differently.
    'http://0x7f.1/?127.0.0.1',
    'http://[0:0:0:0:0:ffff:127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[::]/',
  ]) {
    assert.throws(() => parseOutboundUrl(url, nothingAllowed), isBlocked, url);
  }
});

test('only plain http and https URLs pass', () => {
  for (const url of [
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com',
    'http://user:pw@example.com/',
    'example.com',
    '',
    'http://0x08080808/',
    'http://8.8.2056/',
    'http://[fe80::1%25eth0]/',
  ]) {
    assert.throws(() => parseOutboundUrl(url, nothingAllowed), isBlocked, url);
  }
  assert.equal(parseOutboundUrl('https://example.com/a?b', nothingAllowed).hostname, 'example.com');
});

test('the operator may allow networks, addresses and single endpoints', () => {
  const allowed = parseAllowedNetworks([
    '10.1.0.0/16',
    '192.168.5.5',
    'fd00:1::/32',
    'billing.internal:8080',
    '127.0.0.1:9000',
    '[::1]:9000',
  ]);
  for (const url of [
    'http://10.1.2.3/',
    'http://192.168.5.5:81/',
    'http://[fd00:1::5]/',
    'http://[::ffff:10.1.2.3]/',
    'http://127.0.0.1:9000/',
    'http://[::1]:9000/',
  ]) {
    assert.ok(parseOutboundUrl(url, allowed), url);
  }
  for (const url of [
    'http://10.2.0.1/',
    'http://192.168.5.6/',
    'http://127.0.0.1:9001/',
    'http://127.0.0.1/',
    'http://[::1]:9001/',
  ]) {
    assert.throws(() => parseOutboundUrl(url, allowed), isBlocked, url);
  }
  assert.throws(() => parseAllowedNetworks(['not a network']), TypeError);
});

test('a name is refused if one of its addresses is not public', async () => {
  const lookup = lookUp(['8.8.8.8', '10.0.0.1']);
  await assert.rejects(lookup('http://mixed.example/'), isBlocked);
});

test('a name passes if all its addresses are public or its endpoint is allowed', async () => {
  assert.deepEqual(await lookUp(['8.8.8.8', '2606:4700::1111'])('http://good.example/'), [
    '8.8.8.8',
    '2606:4700::1111',
  ]);
  assert.deepEqual(await lookUp(['10.0.0.1'], ['billing.internal:80'])('http://billing.internal/'), ['10.0.0.1']);
  await assert.rejects(lookUp(['10.0.0.1'], ['billing.internal:80'])('http://billing.internal:81/'), isBlocked);
});

function lookUp(addresses: readonly string[], allowed: readonly string[] = []) {
  const resolve: ResolveAll = (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  return (url: string) =>
    new Promise<string[]>((done, reject) => {
      const parsed = new URL(url);
      guardedLookup(parsed, parseAllowedNetworks(allowed), resolve)(parsed.hostname, { all: true }, (error, found) => {
        if (error) reject(error);
        else done((found as LookupAddress[]).map(({ address }) => address));
      });
    });
}

function isBlocked(error: unknown): boolean {
  return error instanceof TransportError && error.fault === 'blocked' && !error.requestMayHaveArrived;
}

test('the control API of an emulator is refused in every spelling', () => {
  const allowed = parseAllowedNetworks(['127.0.0.1:9000']);
  for (const path of [
    '/__emulator/faults',
    '//__emulator/faults',
    '/%5F_emulator/faults',
    '/__EMULATOR',
    '/x/../__emulator/',
  ]) {
    assert.throws(() => parseOutboundUrl(`http://127.0.0.1:9000${path}`, allowed), TransportError, path);
  }
  assert.ok(parseOutboundUrl('http://127.0.0.1:9000/maps/api/__emulator', allowed));
});
