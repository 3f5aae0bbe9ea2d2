// Quotes the ways to ship a parcel, cheapest first. Types are erased before this runs and nobody
// checks them, so what comes from outside is checked here all the same.

type Country = 'DE' | 'FR' | 'IE';
type Service = 'economy' | 'express';

interface Item {
  readonly sku: string;
  readonly grams: number;
  readonly quantity: number;
}

interface Request {
  readonly to: Country;
  readonly items: readonly Item[];
  readonly insuredCents?: number;
}

interface Quote {
  service: Service;
  days: readonly [least: number, most: number];
  cents: number;
}

interface Tariff {
  readonly base: number;
  readonly perStartedKg: number;
  readonly maxGrams: number;
  readonly days: Quote['days'];
}

const TARIFFS: Record<Country, Partial<Record<Service, Tariff>>> = {
  DE: {
    economy: { base: 390, perStartedKg: 60, maxGrams: 31_500, days: [2, 3] },
    express: { base: 990, perStartedKg: 180, maxGrams: 20_000, days: [1, 1] },
  },
  FR: {
    economy: { base: 890, perStartedKg: 110, maxGrams: 31_500, days: [3, 6] },
    express: { base: 2190, perStartedKg: 390, maxGrams: 20_000, days: [1, 2] },
  },
  IE: { economy: { base: 1290, perStartedKg: 150, maxGrams: 20_000, days: [5, 9] } },
};

const request = checked(ctx.input);
const grams = sum(request.items, (item) => item.grams * item.quantity);
const insurance = insuranceFor(request.insuredCents ?? 0);
const quotes = entries(TARIFFS[request.to])
  .filter(([, tariff]) => grams <= tariff.maxGrams)
  .map(([service, { base, perStartedKg, days }]): Quote => {
    const carriage = base + Math.ceil(grams / 1000) * perStartedKg;
    return { service, days, cents: carriage + insurance };
  })
  .toSorted((a, b) => a.cents - b.cents);

console.log(`${grams} g to ${request.to}: ${quotes.length} of 2 services`);
return { grams, insurance, quotes } satisfies { quotes: Quote[] } & Record<string, unknown>;

/** One percent of what is insured, from 50 cents up; the first 100 euros are free. */
function insuranceFor(cents: number): number {
  return cents <= 10_000 ? 0 : Math.max(50, Math.round(cents / 100));
}

function checked(input: unknown): Request {
  const { to, items, insuredCents = 0 } = input as Partial<Request>;
  insist(typeof to === 'string' && Object.hasOwn(TARIFFS, to), `to: we do not ship to ${to}`);
  insist(Array.isArray(items) && items.length > 0, 'items: must be a list with an item or more');
  for (const { sku, grams, quantity } of items as Item[]) {
    insist(isCount(grams, 1_000_000), `items: grams of ${sku} must be a whole number above 0`);
    insist(isCount(quantity, 1000), `items: quantity of ${sku} must be from 1 to 1000`);
  }
  insist(insuredCents === 0 || isCount(insuredCents, 500_000), 'insuredCents: at most 5000 euros');
  return { to: to!, items: items!, insuredCents };
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= most;
}

function insist(condition: boolean, message: string): asserts condition {
  if (!condition) throw new TypeError(message);
}

function entries<K extends string, V>(map: Partial<Record<K, V>>): [K, V][] {
  return Object.entries(map) as [K, V][];
}

function sum<T>(list: readonly T[], amount: (entry: T) => number): number {
  return list.reduce((total, entry) => total + amount(entry), 0);
}
