/** Addresses that no script may reach, each in every notation that we know. */
const targets = [
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '192.0.0.192',
  '192.168.1.1',
];

/** IPv4 blocks that are refused. */
const refusedBlocks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** IPv6 addresses that are refused: at least the first and the last of each block, where that matters. */
const refusedIpv6 = words(`
    :: ::1 0:0:0:0:0:0:0:1 100::1 100:0:0:1::1 64:ff9b::808:808 64:ff9b:1::808:808
    ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 ::8.8.8.8 ::ffff:808:808 1fff:ffff::1 4000::1 2001::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:1::2 2001:1::3 2001:2::1 2001:10::1
    2001:1f:ffff::1 2001:1ff:ffff::1 2001:4:111::1 2001:4:113::1 2001:5::1 2001:db8::1
    2001:db8:ffff::1 2002::1 2002:808:808::1 2002:ffff::1 3fff::1 3fff:fff:ffff::1 5f00::1
    fc00::1 fd00:ec2::254 fd20:ce::254 fdff::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 8000::1
    c000::1 e000::1 2600::5efe:8.8.8.8 2600::200:5efe:10.0.0.1 2607:f8b0:1:2:0:5efe:a00:1
`);

/** Names that no look-up is needed for. */
const refusedNames = words(`
    localhost LOCALHOST localhost. a.localhost a.b.localhost. localhost.localdomain
    ip6-localhost ip6-loopback metadata metadata.google.internal metadata.google.internal.
    METADATA.google.internal metadata.goog instance-data instance-data.ec2.internal
    loc%61lhost ｌｏｃａｌｈｏｓｔ metadata。google。internal
`);

/** Hosts of URLs that are refused for their address. */
export const hostileHosts: readonly string[] = [
  ...targets.flatMap((target) => [...notations(target), ...embedded(target).map((a) => `[${a}]`)]),
  ...refusedBlocks.flatMap((block) => ends(block).map(({ inside }) => inside)),
  ...refusedIpv6.map((address) => `[${address}]`),
  ...refusedNames,
  '127.0.0.0x',
  '127.1',
];

/** Hosts that no URL can have. */
export const impossibleHosts: readonly string[] = [
  ...words(`
    [fe80::1%25eth0] [fe80::1%eth0] [::1%251] [2600::1%25lo] [::ffff:127.0.0.256]
    256.256.256.256 127.0.0.1.1 0x100000000 4294967296 1.2.3.08 127.1.. [::1 ::1 [127.0.0.1]
    [:::1] a%20b a%00b a%2fb a%40b % .. a.. user@127.0.0.1 user:pass@api.test :@a@b
  `),
  '',
  'a b',
  `${'x'.repeat(60)}.`.repeat(5),
];

/** Addresses that a resolver may give, and that are refused. */
export const refusedAddresses: readonly string[] = [
  ...targets,
  ...targets.flatMap(embedded),
  ...refusedBlocks.flatMap((block) => ends(block).map(({ inside }) => inside)),
  ...refusedIpv6,
  ...words('fe80::1%eth0 2600::1%eth0 ::1%1'),
];

/** Addresses that everybody can reach, many of them next to one that is refused. */
export const publicAddresses: readonly string[] = [
  ...refusedBlocks
    .flatMap((block) => ends(block).map(({ outside }) => outside))
    // Beside these there are others that are refused.
    .filter((address) => !/^(255|0|223\.255|239|240|-1|256)\./.test(address)),
  ...Array.from({ length: 100 }, (_, i) => [1 + i * 2, i, 255 - i, i * 2].join('.')).filter(
    (address) => !/^(127|169|10|100|0|172|192|198|203)\./.test(address),
  ),
  ...words(`
    8.8.8.8 1.1.1.1 93.184.216.34 192.31.196.1 192.52.193.1 192.175.48.1 100.0.0.1 169.1.1.1
    172.1.1.1 192.1.1.1 198.1.1.1 203.1.1.1 223.255.255.255
  `),
  ...Array.from({ length: 60 }, (_, i) => `${(0x2400 + i * 64).toString(16)}:${i}::${i + 1}`),
  ...words(`
    2000::1 2001:200::1 2001:db7:ffff::1 2001:db9::1 2003::1 2001:4860:4860::8888 3ffe::1
    3fff:1000::1 3fff:ffff::1 2620:4f:8000::1 2001:3::1 2001:4:112::1 2001:20::1
    2001:2f:ffff::1 2001:30::1 2001:3f::1 2600::5efd:808:808 2600::1:5efe:808:808
  `),
];

/** An IPv4 address as URLs may write it. */
function notations(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const whole = toNumber(address);
  const hex = (n: number): string => `0x${n.toString(16)}`;
  const octal = (n: number): string => `0${n.toString(8)}`;
  return [
    address,
    `${address}.`,
    String(whole),
    hex(whole),
    hex(whole).toUpperCase().replace('X', 'x'),
    octal(whole),
    [a, b, c, d].map(hex).join('.'),
    [a, b, c, d].map(octal).join('.'),
    [a, b, c, d].map((n) => `000${octal(n)}`).join('.'),
    `${hex(a)}.${b}.${octal(c)}.${d}`,
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${hex(a)}.${hex(b * 65_536 + c * 256 + d)}`,
    address.replaceAll(/./g, (char) => `%${char.codePointAt(0)!.toString(16)}`),
    address.replaceAll('.', '。'),
    address.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    address.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x1d7ce + Number(digit))),
  ];
}

/** IPv6 addresses that an IPv4 address stands in. */
function embedded(address: string): string[] {
  const [high, low] = [toNumber(address) >>> 16, toNumber(address) & 0xffff];
  const hex = (n: number): string => n.toString(16);
  const pair = `${hex(high)}:${hex(low)}`;
  const obscured = `${hex(high ^ 0xffff)}:${hex(low ^ 0xffff)}`;
  return [
    `::ffff:${address}`,
    `::ffff:${pair}`,
    `0:0:0:0:0:ffff:${address}`,
    `::${address}`,
    `::ffff:0:${address}`,
    `64:ff9b::${address}`,
    `64:ff9b::${pair}`,
    `64:ff9b:1::${address}`,
    `64:ff9b:1:ffff::${pair}`,
    `2002:${pair}::1`,
    `2001:0:4136:e378:8000:63bf:${obscured}`,
    `2600:1:2:3:0:5efe:${pair}`,
    `2600:1:2:3:200:5efe:${address}`,
    `fe80::5efe:${address}`,
  ];
}

/** The first and the last address of a block, and those before and behind it. */
function ends(block: string): { inside: string; outside: string }[] {
  const [net = '', prefix] = block.split('/');
  const first = toNumber(net);
  const last = first + 2 ** (32 - Number(prefix)) - 1;
  return [
    { inside: toAddress(first), outside: toAddress(first - 1) },
    { inside: toAddress(last), outside: toAddress(last + 1) },
  ];
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
