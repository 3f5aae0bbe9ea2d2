import { readFile } from 'node:fs/promises';

import { createRuntime } from '@cloister/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Order } from './library/make-orders.ts';
import { makeOrders } from './library/make-orders.ts';
import { makeScript } from './library/make-script.ts';
import type { Sale } from './make-csv.ts';
import { makeRows, toCsv } from './make-csv.ts';

let runtime: Awaited<ReturnType<typeof createRuntime>>;

beforeAll(async () => {
  runtime = await createRuntime({ poolSize: 1, workers: 1 });
});

afterAll(async () => {
  await runtime.shutdown();
});

type Input = Record<string, unknown>;

async function run(
  source: string,
  input: Input,
  language: 'javascript' | 'typescript' = 'javascript',
): Promise<{ output: unknown; logs: string[] }> {
  const { output, logs } = await runtime.execute(source, input, {
    tenant: { id: 'example' },
    language,
  });
  return { output, logs: logs.map(({ level, message }) => `${level}: ${message}`) };
}

function read(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), 'utf8');
}

async function readInput(name: string): Promise<Input> {
  const input: unknown = JSON.parse(await read(name));
  return input as Input;
}

function failure(message: string): object {
  return { fault: 'script', message: expect.stringContaining(message) };
}

describe('order-total.js', () => {
  const line = { sku: 'CUP', category: 'standard', quantity: 1, unitPrice: 1000 };
  const order = { id: 'A-1', region: 'DE', orderedOn: '2026-04-02', lines: [line] };

  it('prices the sample order to the cent', async () => {
    const { output, logs } = await run(await read('order-total.js'), await readInput('order.json'));

    expect(output).toEqual({
      orderId: 'A-1042',
      currency: 'EUR',
      lines: [
        {
          sku: 'MUG-BLUE',
          category: 'standard',
          quantity: 12,
          gross: 10_740,
          lineDiscount: 0,
          volumeDiscount: 537,
          net: 10_203,
          coupon: 1020,
        },
        {
          sku: 'BOOK-TEA',
          category: 'books',
          quantity: 1,
          gross: 2495,
          lineDiscount: 374,
          volumeDiscount: 0,
          net: 2121,
          coupon: 212,
        },
        {
          sku: 'TEA-ASSAM',
          category: 'food',
          quantity: 3,
          gross: 999,
          lineDiscount: 0,
          volumeDiscount: 0,
          net: 999,
          coupon: 100,
        },
      ],
      subtotal: 13_323,
      coupon: { code: 'SPRING10', cents: 1332 },
      shipping: 850,
      taxes: [
        { percent: 19, base: 10_033, cents: 1906 },
        { percent: 7, base: 2808, cents: 197 },
      ],
      total: 14_944,
      totalText: '149.44 EUR',
    });
    expect(logs).toEqual([
      'info: Order A-1042: 3 lines, 133.23 EUR before coupon and tax',
      expect.stringMatching(/^info: Order A-1042: total 149\.44 EUR \{\n {2}shipping: 850,/),
    ]);
  });

  it.each([
    ['SPRING99', 'no such coupon'],
    ['constructor', 'no such coupon'],
    ['MINUS5', 'needs an order of 30.00 EUR or more'],
  ])('prices an order without its coupon %s and says why', async (coupon, reason) => {
    const { output, logs } = await run(await read('order-total.js'), { ...order, coupon });

    expect(output).toMatchObject({ coupon: { code: coupon, cents: 0, reason }, total: 1773 });
    expect(logs).toContain(`warn: Coupon ${coupon} not applied: ${reason}`);
  });

  it('does not honour a coupon after its last day', async () => {
    const coupon = 'SPRING10';
    const source = await read('order-total.js');
    const last = await run(source, { ...order, coupon, orderedOn: '2026-05-31' });
    const late = await run(source, { ...order, coupon, orderedOn: '2026-06-01' });

    expect(last.output).toMatchObject({ coupon: { cents: 100 } });
    expect(late.output).toMatchObject({ coupon: { cents: 0, reason: 'expired on 2026-05-31' } });
  });

  it('takes no more than the goods cost, whatever the coupon', async () => {
    const lines = [{ ...line, quantity: 100, unitPrice: 0 }];
    const { output } = await run(await read('order-total.js'), {
      ...order,
      lines,
      coupon: 'SPRING10',
    });

    expect(output).toMatchObject({ subtotal: 0, coupon: { cents: 0 }, shipping: 490, total: 583 });
  });

  it.each([
    [{ quantity: 1.5 }, 'line 2 (CUP): quantity must be a whole number from 1 to 10000, not 1.5'],
    [
      { unitPrice: '9.95' },
      'line 2 (CUP): unitPrice must be a whole number from 0 to 10000000, not "9.95"',
    ],
    [{ percentOff: 101 }, 'line 2 (CUP): percentOff must be a whole number from 0 to 100, not 101'],
    [{ category: 'toString' }, 'line 2 (CUP): category "toString" is unknown'],
    [{ sku: '' }, 'line 2: sku must be a text'],
  ])('names the line that has %j', async (fault, message) => {
    const input = { ...order, lines: [line, { ...line, ...fault }] };

    await expect(run(await read('order-total.js'), input)).rejects.toMatchObject(failure(message));
  });

  it.each([
    [{ region: 'XX' }, 'order: region must be one of DE, FR, IE, not XX'],
    [{ lines: [] }, 'order: lines must be a list with a line or more'],
    [{ orderedOn: 'today' }, 'order: orderedOn must be a date like 2026-03-14'],
  ])('refuses an order with %j', async (fault, message) => {
    const input = { ...order, ...fault };

    await expect(run(await read('order-total.js'), input)).rejects.toMatchObject(failure(message));
  });
});

describe('csv-report.js', () => {
  interface Totals {
    readonly name: string;
    readonly sales: number;
    readonly units: number;
    readonly cents: number;
  }

  /** The totals of each name, by adding up the generator's own objects. */
  function tally(sales: readonly Sale[], nameOf: (sale: Sale) => string): Totals[] {
    return [...new Set(sales.map(nameOf))].map((name) => {
      const group = sales.filter((sale) => nameOf(sale) === name);
      return {
        name,
        sales: group.length,
        units: group.reduce((total, { quantity }) => total + quantity, 0),
        cents: group.reduce((total, { quantity, unitCents }) => total + quantity * unitCents, 0),
      };
    });
  }

  function mostFirst(totals: Totals[]): Totals[] {
    return totals.toSorted((a, b) => b.cents - a.cents);
  }

  it('agrees with the rows that ten thousand lines of text were made from', async () => {
    const rows = makeRows();
    const sales = rows.flatMap((row) => (row.kind === 'sale' ? [row.sale] : []));
    const faults = rows.flatMap((row, index) =>
      row.kind === 'faulty'
        ? [{ line: toCsv(rows.slice(0, index)).split('\n').length, reason: row.reason }]
        : [],
    );
    const reasons: Record<string, number> = {};
    for (const { reason } of faults) reasons[reason] = (reasons[reason] ?? 0) + 1;
    const [total] = tally(sales, () => 'all');

    const { output, logs } = await run(await read('csv-report.js'), { csv: toCsv(rows) });

    expect(output).toEqual({
      total: { sales: total?.sales, units: total?.units, cents: total?.cents },
      byRegion: mostFirst(tally(sales, ({ region }) => region)),
      byMonth: Array.from({ length: 12 }, (_, index) => {
        const month = `2025-${String(index + 1).padStart(2, '0')}`;
        return tally(sales, ({ date }) => date.slice(0, 7)).find(({ name }) => name === month);
      }),
      byProduct: mostFirst(tally(sales, ({ product }) => product)),
      topCustomers: mostFirst(tally(sales, ({ customer }) => customer)).slice(0, 10),
      topSales: sales
        .toSorted((a, b) => b.quantity * b.unitCents - a.quantity * a.unitCents)
        .slice(0, 10)
        .map(({ order, date, region, product, customer, quantity, unitCents }) => ({
          order,
          month: date.slice(0, 7),
          region,
          product,
          customer,
          units: quantity,
          cents: quantity * unitCents,
        })),
      rejected: { count: faults.length, byReason: reasons, first: faults.slice(0, 20) },
    });
    expect(faults.length).toBeGreaterThan(50);
    expect(logs[0]).toBe(`info: ${sales.length} sales read, ${faults.length} rows rejected`);
    expect(logs).toHaveLength(4);
  });

  it.each([
    ['a byte order mark and no last line end', '\uFEFF', '\r\n', ''],
    ['bare line feeds', '', '\n', '\n'],
  ])('reads a file with %s', async (_, start, lineEnd, end) => {
    const header = 'order,date,region,product,customer,quantity,unit_price,note';
    const row = 'S-1,2025-01-31,"North","Cup, ""blue""",Ana,3,4.05,';
    const csv = `${start}${header}${lineEnd}${row}${end}`;

    const { output } = await run(await read('csv-report.js'), { csv });

    expect(output).toMatchObject({
      byProduct: [{ name: 'Cup, "blue"', sales: 1, units: 3, cents: 1215 }],
      rejected: { count: 0 },
    });
  });

  it('refuses a file with other columns', async () => {
    const message = 'csv: line 1 must name the columns order,date,region';

    await expect(run(await read('csv-report.js'), { csv: 'a,b\r\n1,2\r\n' })).rejects.toMatchObject(
      failure(message),
    );
  });
});

describe('webhook.js', () => {
  const payment = {
    id: 'pay_1c8x4z6v',
    amount: 1200,
    currency: 'JPY',
    orderId: 'A-7',
    customer: { id: 'cus_9' },
  };
  const payload = {
    id: 'evt_7f3k9q2m',
    type: 'payment.succeeded',
    live: false,
    created: 1_775_122_200,
    data: { payment },
  };
  const delivery = { receivedAt: '2026-04-02T09:30:05Z', toleranceSeconds: 300 };

  it('makes an event of ours from the sample refund', async () => {
    const { output, logs } = await run(await read('webhook.js'), await readInput('webhook.json'));

    expect(output).toEqual({
      idempotencyKey: 'quillpay:live:evt_7f3k9q2m',
      type: 'PaymentRefunded',
      occurredAt: '2026-04-02T09:30:00.000Z',
      orderId: 'A-1042',
      paymentId: 'pay_1c8x4z6v',
      customerId: 'cus_77',
      amount: { minor: 15_239, currency: 'EUR', text: '152.39 EUR' },
      refund: { minor: 2495, currency: 'EUR', text: '24.95 EUR', full: false },
    });
    expect(logs).toEqual(['info: Accepted PaymentRefunded for order A-1042: 152.39 EUR']);
  });

  it.each([
    [1200, 'JPY', '1200 JPY'],
    [5, 'EUR', '0.05 EUR'],
    [1, 'KWD', '0.001 KWD'],
    [123_456, 'KWD', '123.456 KWD'],
  ])('writes %i of %s as %s', async (amount, currency, written) => {
    const data = { payment: { ...payment, amount, currency } };
    const { output } = await run(await read('webhook.js'), {
      ...delivery,
      payload: { ...payload, data },
    });

    expect(output).toMatchObject({ amount: { minor: amount, currency, text: written } });
  });

  it('says whether a failed payment may be tried again', async () => {
    const data = { payment: { ...payment, failure: { code: 'card_declined', retryable: true } } };
    const { output } = await run(await read('webhook.js'), {
      ...delivery,
      payload: { ...payload, type: 'payment.failed', data },
    });

    expect(output).toMatchObject({
      type: 'PaymentFailed',
      failure: { code: 'card_declined', retryable: true },
    });
  });

  it('names every problem of a bad payload at once', async () => {
    const bad = {
      id: 'pay_7f3k9q2m',
      type: 'toString',
      live: 'yes',
      created: 1_775_121_000,
      data: { payment: { ...payment, amount: 12.5, currency: 'XXX', customer: null } },
    };

    await expect(
      run(await read('webhook.js'), { ...delivery, payload: bad }),
    ).rejects.toMatchObject(
      failure(
        [
          'webhook refused: id must be an id like evt_1a2b3c4d',
          'type must be one of payment.succeeded, payment.failed, payment.refunded',
          'live must be true or false',
          'created is 1205 s old, 300 s are tolerated',
          'data.payment.amount must be a whole number above 0',
          'data.payment.currency must be one of EUR, USD, GBP, JPY, KWD',
          'data.payment.customer.id must be a text',
        ].join('; '),
      ),
    );
  });

  const refused: [string, unknown, string][] = [
    ['that is null', null, 'id must be an id like evt_1a2b3c4d; type must be one of'],
    [
      'from the future',
      { ...payload, created: 1_775_122_900 },
      'created is 695 s in the future, 300 s are tolerated',
    ],
    [
      'without a payment',
      { ...payload, data: { payment: [] } },
      'webhook refused: data.payment must be a map',
    ],
    [
      'that refunds more than was paid',
      { ...payload, type: 'payment.refunded', data: { payment: { ...payment, refunded: 1201 } } },
      'data.payment.refunded must be a whole number from 1 to the amount',
    ],
    [
      'of a failure without its code',
      { ...payload, type: 'payment.failed' },
      'data.payment.failure.code must be a text',
    ],
  ];

  it.each(refused)('refuses a payload %s', async (_, bad, message) => {
    await expect(
      run(await read('webhook.js'), { ...delivery, payload: bad }),
    ).rejects.toMatchObject(failure(message));
  });

  it('refuses an input without the time of delivery', async () => {
    await expect(run(await read('webhook.js'), { payload })).rejects.toMatchObject(
      failure('webhook: input needs receivedAt, a time, and toleranceSeconds'),
    );
  });
});

describe('shipping-quote.ts', () => {
  const item = { sku: 'CUP', grams: 400, quantity: 1 };

  async function quote(input: Input): Promise<{ output: unknown; logs: string[] }> {
    return run(await read('shipping-quote.ts'), input, 'typescript');
  }

  it('quotes the sample parcel, cheapest service first', async () => {
    const { output, logs } = await quote(await readInput('shipping-quote.json'));

    expect(output).toEqual({
      grams: 5200,
      insurance: 249,
      quotes: [
        { service: 'economy', days: [3, 6], cents: 890 + 6 * 110 + 249 },
        { service: 'express', days: [1, 2], cents: 2190 + 6 * 390 + 249 },
      ],
    });
    expect(logs).toEqual(['info: 5200 g to FR: 2 of 2 services']);
  });

  it.each([
    ['DE', 20_000, ['economy', 'express']],
    ['DE', 20_001, ['economy']],
    ['IE', 20_000, ['economy']],
    ['IE', 20_001, []],
  ])('offers for %s and %i g what carries it', async (to, grams, services) => {
    const { output } = await quote({ to, items: [{ ...item, grams }] });

    expect(
      (output as { quotes: { service: string }[] }).quotes.map(({ service }) => service),
    ).toEqual(services);
  });

  it.each([
    [{ to: 'XX' }, 'to: we do not ship to XX'],
    [{ to: 'toString' }, 'to: we do not ship to toString'],
    [{ items: [] }, 'items: must be a list with an item or more'],
    [{ items: [{ ...item, grams: '400' }] }, 'items: grams of CUP must be a whole number above 0'],
    [{ items: [{ ...item, quantity: 0 }] }, 'items: quantity of CUP must be from 1 to 1000'],
    [{ insuredCents: 500_001 }, 'insuredCents: at most 5000 euros'],
  ])('refuses %j, whatever its types promised', async (fault, message) => {
    const input = { to: 'DE', items: [item], ...fault };

    await expect(quote(input)).rejects.toMatchObject(failure(message));
  });

  it('fails at its own line and column', async () => {
    const source = await read('shipping-quote.ts');
    const line = source.split('\n').findIndex((text) => text.includes('throw new TypeError')) + 1;

    await expect(quote({})).rejects.toMatchObject({ line, column: 25 });
  });
});

describe('library/', () => {
  function centsOf(order: Order): number {
    return order.lines.reduce((total, { quantity, cents }) => total + quantity * cents, 0);
  }

  it('reports on orders with a library of half a megabyte inside the script', async () => {
    const orders = makeOrders();
    const source = await makeScript();
    const countries = [...new Set(orders.map(({ customer }) => customer.country))];
    const skus = [...new Set(orders.flatMap(({ lines }) => lines.map(({ sku }) => sku)))];
    const byAmount = orders.toSorted((a, b) => centsOf(b) - centsOf(a));

    const { output, logs } = await run(source, { orders });

    expect(source.length).toBeGreaterThan(500_000);
    expect(logs).toEqual([expect.stringMatching(/^info: 400 orders reported with lodash 4\./)]);
    expect(output).toEqual({
      orders: 400,
      cents: orders.reduce((total, order) => total + centsOf(order), 0),
      byCountry: countries
        .map((country) => {
          const group = orders.filter(({ customer }) => customer.country === country);
          const cents = group.reduce((total, order) => total + centsOf(order), 0);
          return { country, orders: group.length, cents };
        })
        .toSorted((a, b) => b.cents - a.cents),
      bestSellers: skus
        .map((sku) => {
          const lines = orders.flatMap((order) => order.lines.filter((line) => line.sku === sku));
          return { sku, units: lines.reduce((total, { quantity }) => total + quantity, 0) };
        })
        .toSorted((a, b) => b.units - a.units)
        .slice(0, 3),
      tags: Object.fromEntries(
        ['express', 'gift', 'returning', 'wholesale'].map((tag) => [
          tag,
          orders.filter(({ tags }) => tags.includes(tag)).length,
        ]),
      ),
      largest: byAmount.slice(0, 5).map((order) => ({
        id: order.id,
        placedOn: order.placedOn,
        cents: centsOf(order),
        customer: plainName(order.customer.name),
      })),
    });
  });

  /** Each word's first letter in upper case, and no accents: `łukasz nowak` → `Lukasz Nowak`. */
  function plainName(name: string): string {
    const plain = name.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('ł', 'l');
    return plain.replaceAll(/(?<=^| )\w/g, (letter) => letter.toUpperCase());
  }
});
