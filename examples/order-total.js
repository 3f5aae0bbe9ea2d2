// Prices an order. Every amount is a whole number of cents and every rate a whole number of basis
// points (1900 is 19 %), so that no total depends on how a binary fraction happens to round.

const VOLUME_DISCOUNTS = [
  { from: 100, rate: 1500 },
  { from: 50, rate: 1000 },
  { from: 10, rate: 500 },
];

const TAX_RATES = {
  DE: { standard: 1900, food: 700, books: 700 },
  FR: { standard: 2000, food: 550, books: 550 },
  IE: { standard: 2300, food: 0, books: 0 },
};

const SHIPPING = {
  DE: { base: 490, perStartedKg: 60, freeFrom: 15_000 },
  FR: { base: 890, perStartedKg: 110, freeFrom: 20_000 },
  IE: { base: 1290, perStartedKg: 150, freeFrom: 25_000 },
};

const COUPONS = {
  SPRING10: { rate: 1000, atMost: 2500, validUntil: '2026-05-31' },
  MINUS5: { cents: 500, minimum: 3000, validUntil: '2026-12-31' },
};

const order = checkedOrder(ctx.input);
const priced = order.lines.map(priceLine);
const subtotal = sum(priced.map((line) => line.net));

const redeemed = redeem(order.coupon, subtotal, order.orderedOn);
const rebates = apportion(
  redeemed.cents,
  priced.map((line) => line.net),
);
const invoiced = priced.map((line, index) => ({ ...line, coupon: rebates[index] }));

const goods = subtotal - redeemed.cents;
const shipping = shippingFor(order, goods);
const taxes = taxesFor(invoiced, shipping, TAX_RATES[order.region]);
const total = goods + shipping + sum(taxes.map((tax) => tax.cents));

console.log(`Order ${order.id}: ${priced.length} lines, ${money(subtotal)} before coupon and tax`);
console.log(`Order ${order.id}: total ${money(total)}`, { shipping, taxes });

return {
  orderId: order.id,
  currency: 'EUR',
  lines: invoiced,
  subtotal,
  coupon: redeemed,
  shipping,
  taxes,
  total,
  totalText: money(total),
};

/** The line's own discount comes first; the volume discount is taken from what it leaves. */
function priceLine({ sku, category, quantity, unitPrice, percentOff }) {
  const gross = unitPrice * quantity;
  const lineDiscount = share(gross, percentOff * 100);
  const volumeRate = VOLUME_DISCOUNTS.find(({ from }) => quantity >= from)?.rate ?? 0;
  const volumeDiscount = share(gross - lineDiscount, volumeRate);
  const net = gross - lineDiscount - volumeDiscount;
  return { sku, category, quantity, gross, lineDiscount, volumeDiscount, net };
}

/** A coupon that does not apply costs the customer the rebate, not the order. */
function redeem(code, goodsCents, orderedOn) {
  if (code === null) return { code, cents: 0 };
  const refuse = (reason) => {
    console.warn(`Coupon ${code} not applied: ${reason}`);
    return { code, cents: 0, reason };
  };
  const terms = lookUp(COUPONS, code);
  if (!terms) return refuse('no such coupon');
  if (orderedOn > terms.validUntil) return refuse(`expired on ${terms.validUntil}`);
  const { rate = 0, cents = share(goodsCents, rate), atMost = Infinity, minimum = 0 } = terms;
  if (goodsCents < minimum) return refuse(`needs an order of ${money(minimum)} or more`);
  return { code, cents: Math.min(cents, atMost, goodsCents) };
}

/**
 * Splits an amount in proportion to the weights, without losing or inventing a cent: each share is
 * rounded down, and the cents left over go to the largest remainders.
 */
function apportion(amount, weights) {
  const whole = sum(weights);
  if (whole === 0) return weights.map(() => 0);
  const shares = weights.map((weight, index) => ({ index, ...divide(amount * weight, whole) }));
  const leftOver = amount - sum(shares.map(({ quotient }) => quotient));
  const favoured = shares.toSorted((a, b) => b.remainder - a.remainder).slice(0, leftOver);
  for (const winner of favoured) winner.quotient += 1;
  return shares.map(({ quotient }) => quotient);
}

function shippingFor({ region, lines }, goodsCents) {
  const { base, perStartedKg, freeFrom } = SHIPPING[region];
  if (goodsCents >= freeFrom) return 0;
  const grams = sum(lines.map(({ quantity, weightGrams }) => quantity * weightGrams));
  return base + Math.ceil(grams / 1000) * perStartedKg;
}

/** Tax is rounded once for each rate, as on an invoice; shipping carries the standard rate. */
function taxesFor(lines, shippingCents, rates) {
  const bases = new Map();
  const addTo = (rate, cents) => bases.set(rate, (bases.get(rate) ?? 0) + cents);
  for (const line of lines) addTo(rates[line.category], line.net - line.coupon);
  if (shippingCents > 0) addTo(rates.standard, shippingCents);
  return [...bases]
    .toSorted(([a], [b]) => b - a)
    .map(([rate, base]) => ({ percent: rate / 100, base, cents: share(base, rate) }));
}

/** That many basis points of an amount, half a cent rounded up. */
function share(cents, basisPoints) {
  const { quotient, remainder } = divide(cents * basisPoints, 10_000);
  return remainder * 2 >= 10_000 ? quotient + 1 : quotient;
}

/** Whole-number division that refuses a product too large to be exact. */
function divide(dividend, divisor) {
  if (!Number.isSafeInteger(dividend)) throw new RangeError('order: the amounts are too large');
  const remainder = dividend % divisor;
  return { quotient: (dividend - remainder) / divisor, remainder };
}

function checkedOrder(input) {
  const { id, region, orderedOn, coupon = null, lines } = input;
  insist(isText(id), 'order: id must be a text');
  const regions = Object.keys(TAX_RATES).join(', ');
  insist(lookUp(TAX_RATES, region), `order: region must be one of ${regions}, not ${region}`);
  insist(/^\d{4}-\d\d-\d\d$/.test(orderedOn), 'order: orderedOn must be a date like 2026-03-14');
  insist(coupon === null || isText(coupon), 'order: coupon must be a text');
  insist(
    Array.isArray(lines) && lines.length > 0,
    'order: lines must be a list with a line or more',
  );
  return { id, region, orderedOn, coupon, lines: lines.map(checkedLine) };
}

function checkedLine(line, index) {
  const { sku, category, quantity, unitPrice, percentOff = 0, weightGrams = 0 } = line ?? {};
  const name = isText(sku) ? `line ${index + 1} (${sku})` : `line ${index + 1}`;
  const wholeNumber = (field, value, least, most) =>
    insist(
      Number.isInteger(value) && value >= least && value <= most,
      `${name}: ${field} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`,
    );
  insist(isText(sku), `${name}: sku must be a text`);
  insist(
    lookUp(TAX_RATES.DE, category),
    `${name}: category ${JSON.stringify(category)} is unknown`,
  );
  wholeNumber('quantity', quantity, 1, 10_000);
  wholeNumber('unitPrice', unitPrice, 0, 100_000_00);
  wholeNumber('percentOff', percentOff, 0, 100);
  wholeNumber('weightGrams', weightGrams, 0, 100_000);
  return { sku, category, quantity, unitPrice, percentOff, weightGrams };
}

function insist(condition, message) {
  if (!condition) throw new TypeError(message);
}

function lookUp(table, key) {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function isText(value) {
  return typeof value === 'string' && value !== '';
}

function sum(numbers) {
  return numbers.reduce((left, right) => left + right, 0);
}

function money(cents) {
  return `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')} EUR`;
}
