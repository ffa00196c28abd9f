// Which addresses a subscriber may have. Everything that is not a public unicast address is
// refused, unless the operator has allow-listed its network or the host's name: else whoever may
// subscribe could make this server call into its own network or the cloud's metadata service.
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

export interface AddressRules {
  /** Why this address is refused; null if it is not. host: the name that resolved to it. */
  refusal(host: string, address: string): string | null;
}

/** IANA special-purpose registries (RFC 6890 and later), and clouds' own virtual hosts. */
const refusedNetworks: readonly { readonly network: string; readonly why: string }[] = [
  { network: '0.0.0.0/8', why: 'this host' },
  { network: '10.0.0.0/8', why: 'private' },
  { network: '100.64.0.0/10', why: 'carrier-grade NAT' },
  { network: '127.0.0.0/8', why: 'loopback' },
  { network: '168.63.129.16/32', why: 'cloud metadata' },
  { network: '169.254.0.0/16', why: 'link-local or cloud metadata' },
  { network: '172.16.0.0/12', why: 'private' },
  { network: '192.0.0.0/24', why: 'protocol assignments' },
  { network: '192.0.2.0/24', why: 'documentation' },
  { network: '192.88.99.0/24', why: '6to4 relay' },
  { network: '192.168.0.0/16', why: 'private' },
  { network: '198.18.0.0/15', why: 'benchmarking' },
  { network: '198.51.100.0/24', why: 'documentation' },
  { network: '203.0.113.0/24', why: 'documentation' },
  { network: '224.0.0.0/4', why: 'multicast' },
  { network: '240.0.0.0/4', why: 'reserved or broadcast' },
  { network: '2001::/23', why: 'protocol assignments (Teredo)' },
  { network: '2001:db8::/32', why: 'documentation' },
  { network: '2002::/16', why: '6to4' },
  { network: '3fff::/20', why: 'documentation' },
];

const refusedLists = refusedNetworks.map(({ network, why }) => ({ list: listOf(network), why }));
const globalUnicast6 = listOf('2000::/3');

/** Throws a sentence for the operator if an entry is neither a network nor a host name. */
export function openAddressRules(allowed: readonly string[]): AddressRules {
  const networks = new BlockList();
  const hosts = new Set<string>();
  for (const entry of allowed) {
    const [network = '', length] = entry.split('/');
    if (isIP(network) !== 0) addNetwork(networks, network, length, entry);
    else if (/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?$/i.test(entry)) hosts.add(entry.toLowerCase());
    else {
      throw new Error(
        `S3BATCH_SNS_ALLOW: '${entry}' is neither a network such as 10.1.0.0/16 nor a host name.`,
      );
    }
  }
  return {
    refusal(host, address) {
      const plain = plainAddress(address);
      if (hosts.has(host.toLowerCase()) || isInside(networks, plain)) return null;
      return refusalOf(plain);
    },
  };
}

function refusalOf(address: string): string | null {
  for (const { list, why } of refusedLists) if (isInside(list, address)) return why;
  if (isIPv4(address)) return null;
  return isInside(globalUnicast6, address) ? null : 'not a public address';
}

/** IPv4-mapped IPv6 addresses are the IPv4 address they reach; a zone is dropped. */
function plainAddress(address: string): string {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return bare;
  const mapped = new BlockList();
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6');
  if (!mapped.check(bare, 'ipv6')) return bare;
  const tail = new URL(`http://[${bare}]/`).hostname.slice(1, -1).split(':').slice(-2);
  const bytes = tail.flatMap((group) => {
    const word = Number.parseInt(group, 16);
    return [word >> 8, word & 255];
  });
  return bytes.join('.');
}

function isInside(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function listOf(network: string): BlockList {
  const list = new BlockList();
  const [address = '', length] = network.split('/');
  addNetwork(list, address, length, network);
  return list;
}

function addNetwork(
  list: BlockList,
  address: string,
  length: string | undefined,
  entry: string,
): void {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (length === undefined) return list.addAddress(address, family);
  const bits = Number(length);
  if (!/^\d{1,3}$/.test(length) || bits > (family === 'ipv6' ? 128 : 32)) {
    throw new Error(`S3BATCH_SNS_ALLOW: '${entry}' has no valid prefix length.`);
  }
  list.addSubnet(address, bits, family);
}
