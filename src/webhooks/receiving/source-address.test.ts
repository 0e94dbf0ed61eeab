import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRanges, isAllowedAddress, sourceAddressOf } from './source-address.ts';

const trusted = compileRanges(['10.0.0.0/8', 'fd00::/8']);
const xff = (forwardedFor: string | undefined) => ({ forwardedFor, forwarded: undefined });
const rfc7239 = (forwarded: string) => ({ forwardedFor: undefined, forwarded });

test('without a trusted proxy the peer is the sender, whatever X-Forwarded-For says', () => {
  assert.equal(sourceAddressOf('203.0.113.5', xff('192.0.2.1'), trusted), '203.0.113.5');
  assert.equal(sourceAddressOf('10.0.0.1', xff('192.0.2.1'), []), '10.0.0.1');
});

test('behind trusted proxies the right-most untrusted hop is the sender', () => {
  assert.equal(sourceAddressOf('10.0.0.1', xff('192.0.2.66, 203.0.113.5, 10.9.9.9'), trusted), '203.0.113.5');
  assert.equal(sourceAddressOf('fd00::1', xff('2001:db8::7'), trusted), '2001:db8::7');
});

test('a forged left part of X-Forwarded-For changes nothing', () => {
  assert.equal(sourceAddressOf('10.0.0.1', xff('149.154.160.1, 203.0.113.5'), trusted), '203.0.113.5');
  assert.equal(sourceAddressOf('10.0.0.1', xff('203.0.113.5, rubbish'), trusted), '10.0.0.1');
  assert.equal(sourceAddressOf('10.0.0.1', xff('203.0.113.5, 7'), trusted), '10.0.0.1');
});

test('IPv4 over an IPv6 socket is matched as IPv4', () => {
  assert.equal(sourceAddressOf('::ffff:203.0.113.5', xff(undefined), trusted), '203.0.113.5');
  assert.equal(isAllowedAddress('::ffff:149.154.160.9', compileRanges(['149.154.160.0/20'])), true);
});

test('an allow-list admits its ranges of both families and nothing else', () => {
  const allowed = compileRanges(['149.154.160.0/20', '2001:db8::/32', '198.51.100.7']);
  assert.equal(isAllowedAddress('149.154.175.255', allowed), true);
  assert.equal(isAllowedAddress('149.154.176.0', allowed), false);
  assert.equal(isAllowedAddress('2001:db8:1::1', allowed), true);
  assert.equal(isAllowedAddress('198.51.100.7', allowed), true);
  assert.equal(isAllowedAddress('198.51.100.8', allowed), false);
  assert.equal(isAllowedAddress(null, allowed), false);
  assert.equal(isAllowedAddress('203.0.113.5', []), true);
});

test('a range of IPv4 addresses written as IPv6 admits them', () => {
  assert.equal(isAllowedAddress('10.1.2.3', compileRanges(['::ffff:10.0.0.0/104'])), true);
  assert.equal(isAllowedAddress('11.1.2.3', compileRanges(['::ffff:10.0.0.0/104'])), false);
  assert.equal(isAllowedAddress('10.1.2.3', compileRanges(['::ffff:10.1.2.3'])), true);
});

test('hops are understood with their ports, brackets and quotes', () => {
  const hops: readonly (readonly [string, string])[] = [
    ['203.0.113.5:4711', '203.0.113.5'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['::ffff:203.0.113.5', '203.0.113.5'],
    ['[::ffff:203.0.113.5]:80', '203.0.113.5'],
    ['192.0.2.1, 203.0.113.5:1, 10.1.1.1:9', '203.0.113.5'],
  ];
  for (const [header, source] of hops) assert.equal(sourceAddressOf('10.0.0.1', xff(header), trusted), source, header);
  assert.equal(sourceAddressOf('10.0.0.1', xff('203.0.113.5, proxy.example:80'), trusted), '10.0.0.1');
});

test('Forwarded is understood as RFC 7239 has it', () => {
  const elements: readonly (readonly [string, string])[] = [
    ['for=203.0.113.5', '203.0.113.5'],
    ['For="203.0.113.5:4711";proto=https;by=10.0.0.1', '203.0.113.5'],
    ['proto=http; for="[2001:db8::1]:443"', '2001:db8::1'],
    ['for=192.0.2.66, for=203.0.113.5;host="a, b", FOR=10.2.2.2', '203.0.113.5'],
    ['for=192.0.2.66;by="\\"x,for=203.0.113.9"', '192.0.2.66'],
    ['for=203.0.113.5, for=_hidden', '10.0.0.1'],
    ['for=203.0.113.5, for=unknown', '10.0.0.1'],
    ['for=203.0.113.5, proto=https', '10.0.0.1'],
    ['nonsense', '10.0.0.1'],
  ];
  for (const [header, source] of elements) {
    assert.equal(sourceAddressOf('10.0.0.1', rfc7239(header), trusted), source, header);
  }
  assert.equal(sourceAddressOf('203.0.113.7', rfc7239('for=192.0.2.1'), trusted), '203.0.113.7', 'not from a stranger');
});

test('X-Forwarded-For wins over a Forwarded that says something else', () => {
  const both = { forwardedFor: '203.0.113.5', forwarded: 'for=149.154.160.1' };
  assert.equal(sourceAddressOf('10.0.0.1', both, trusted), '203.0.113.5');
  assert.equal(sourceAddressOf('10.0.0.1', { ...both, forwardedFor: ' ' }, trusted), '149.154.160.1');
});
