import { describe, expect, test } from 'vitest';
import { openAddressRules } from '../../../services/adapters/sns/local/address.ts';
import { findTarget } from '../../../services/adapters/sns/local/endpoint.ts';

const none = openAddressRules([]);

const refused = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
] as const;

describe('the address of a subscriber', () => {
  test.each(refused)('%s is refused', (address) => {
    expect(none.refusal('host.example', address)).not.toBeNull();
  });

  test.each(['8.8.8.8', '172.32.0.1', '::ffff:8.8.8.8', '2606:4700::1111', '100.128.0.1'])(
    '%s is public and taken',
    (address) => {
      expect(none.refusal('host.example', address)).toBeNull();
    },
  );

  test('in an allow-listed network, of an allow-listed address or host is taken, its neighbour not', () => {
    const rules = openAddressRules(['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1', 'Hooks.internal']);
    expect(rules.refusal('h', '10.1.255.1')).toBeNull();
    expect(rules.refusal('h', '::ffff:10.1.0.1')).toBeNull();
    expect(rules.refusal('h', 'fd00:1::9')).toBeNull();
    expect(rules.refusal('h', '127.0.0.1')).toBeNull();
    expect(rules.refusal('hooks.INTERNAL', '192.168.7.7')).toBeNull();
    expect(rules.refusal('h', '10.2.0.1')).toBe('private');
    expect(rules.refusal('h', '127.0.0.2')).toBe('loopback');
    expect(rules.refusal('other.hooks.internal', '192.168.7.7')).toBe('private');
  });

  test.each(['10.0.0.0/33', '::1/129', '10.0.0.0/x', 'http://x', 'a b'])(
    'the allow-list entry %s is refused by name',
    (entry) => {
      expect(() => openAddressRules([entry])).toThrow(entry);
    },
  );
});

describe('an endpoint', () => {
  const public4 = { address: '93.184.216.34', family: 4 } as const;
  const inside = { address: '10.0.0.5', family: 4 } as const;
  const find = (endpoint: string, addresses: readonly (typeof public4 | typeof inside)[] = []) =>
    findTarget(endpoint, none, async () => addresses);

  test.each([
    'ftp://example.com/',
    'not a url',
    'http://user:secret@example.com/',
    'http://example.com/#x',
    `http://example.com/${'x'.repeat(2_048)}`,
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://017700000001/',
    'http://[::1]:80/',
    'http://[::ffff:169.254.169.254]/latest/meta-data/',
  ])('%s is refused', async (endpoint) => {
    expect((await find(endpoint, [public4])).kind).toBe('refused');
  });

  test('one of whose addresses is private is refused, even if another is public', async () => {
    expect((await find('http://example.com/', [public4, inside])).kind).toBe('refused');
  });

  test('is connected to at the address that was checked', async () => {
    const target = await find('https://example.com/hook?x=1', [public4]);
    expect(target).toMatchObject({ kind: 'target', address: public4 });
  });

  test('that does not resolve is told apart from one that is refused', async () => {
    expect((await find('http://example.com/', [])).kind).toBe('unresolved');
    const failing = () => Promise.reject(new Error('ENOTFOUND'));
    const answer = await findTarget('http://example.com/', none, failing);
    expect(answer).toMatchObject({ kind: 'unresolved' });
  });
});
