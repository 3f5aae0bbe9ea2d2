import { SeededRandom } from '../seeded-random.ts';

/** An order as the report script gets it. */
export interface Order {
  readonly id: string;
  /** `YYYY-MM-DD` */
  readonly placedOn: string;
  readonly customer: { readonly name: string; readonly country: string };
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly cents: number;
  }[];
  readonly tags: readonly string[];
}

const COUNTRIES = ['DE', 'FR', 'IE', 'PL', 'SE'] as const;
const NAMES = [
  'ana álvarez',
  'björn müller',
  'chloé dubois',
  'łukasz nowak',
  'seán o’neill',
] as const;
const SKUS = ['MUG-BLUE', 'MUG-WHITE', 'POT-JUNO', 'TEA-ASSAM', 'TEA-SENCHA', 'TRAY-OAK'] as const;
const TAGS = ['gift', 'express', 'wholesale', 'returning'] as const;

/** Makes orders for the report. The same count and seed make the same orders. */
export function makeOrders(count = 400, seed = 546): Order[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, index) => makeOrder(random, index + 1));
}

function makeOrder(random: SeededRandom, number: number): Order {
  const month = String(random.integer(1, 12)).padStart(2, '0');
  const day = String(random.integer(1, 28)).padStart(2, '0');
  return {
    id: `A-${1000 + number}`,
    placedOn: `2025-${month}-${day}`,
    customer: { name: random.pick(NAMES), country: random.pick(COUNTRIES) },
    lines: Array.from({ length: random.integer(1, 5) }, () => ({
      sku: random.pick(SKUS),
      quantity: random.integer(1, 12),
      cents: random.integer(250, 9_999),
    })),
    tags: TAGS.filter(() => random.oneIn(3)),
  };
}

if (import.meta.main) process.stdout.write(JSON.stringify({ orders: makeOrders() }));
