// Turns an event of the payment provider Quillpay into one of our own. A payload with anything
// wrong is refused as a whole, with all of its problems named, so that one look at the log is enough.

const CURRENCY_DIGITS = { EUR: 2, USD: 2, GBP: 2, JPY: 0, KWD: 3 };

const EVENT_TYPES = {
  'payment.succeeded': 'PaymentReceived',
  'payment.failed': 'PaymentFailed',
  'payment.refunded': 'PaymentRefunded',
};

const { payload, toleranceSeconds } = ctx.input;
const receivedAt = Date.parse(ctx.input.receivedAt) / 1000;
if (Number.isNaN(receivedAt) || !isCount(toleranceSeconds)) {
  throw new TypeError(
    'webhook: input needs receivedAt, a time, and toleranceSeconds, a whole number',
  );
}

const problems = findProblems(payload);

if (problems.length > 0) {
  console.error(`Refused event ${payload?.id ?? '(no id)'}`, problems);
  const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new Error(`webhook refused: ${list}`, { cause: { problems } });
}

const accepted = toInternalEvent(payload);
console.info(`Accepted ${accepted.type} for order ${accepted.orderId}: ${accepted.amount.text}`);
return accepted;

function findProblems(event) {
  const found = [];
  const check = (ok, path, message) => ok || found.push({ path, message });

  const type = event?.type;
  const payment = event?.data?.payment;
  check(isId(event?.id, 'evt'), 'id', 'must be an id like evt_1a2b3c4d');
  check(isOneOf(type, EVENT_TYPES), 'type', oneOf(EVENT_TYPES));
  check(typeof event?.live === 'boolean', 'live', 'must be true or false');
  check(isCount(event?.created), 'created', 'must be a time in whole seconds');
  if (isCount(event?.created)) {
    const age = receivedAt - event.created;
    const distance = age > 0 ? `${age} s old` : `${-age} s in the future`;
    const message = `is ${distance}, ${toleranceSeconds} s are tolerated`;
    check(Math.abs(age) <= toleranceSeconds, 'created', message);
  }

  check(isMap(payment), 'data.payment', 'must be a map');
  if (!isMap(payment)) return found;
  const { amount, refunded } = payment;
  check(isId(payment.id, 'pay'), 'data.payment.id', 'must be an id like pay_1a2b3c4d');
  check(isCount(amount) && amount > 0, 'data.payment.amount', 'must be a whole number above 0');
  check(
    isOneOf(payment.currency, CURRENCY_DIGITS),
    'data.payment.currency',
    oneOf(CURRENCY_DIGITS),
  );
  check(isText(payment.orderId), 'data.payment.orderId', 'must be a text');
  check(isText(payment.customer?.id), 'data.payment.customer.id', 'must be a text');
  if (type === 'payment.refunded') {
    const within = isCount(refunded) && refunded > 0 && refunded <= amount;
    check(within, 'data.payment.refunded', 'must be a whole number from 1 to the amount');
  }
  if (type === 'payment.failed') {
    check(isText(payment.failure?.code), 'data.payment.failure.code', 'must be a text');
  }
  return found;
}

function toInternalEvent({ id, type, live, created, data: { payment } }) {
  return {
    // The provider delivers an event at least once: its id is what stays the same between deliveries.
    idempotencyKey: `quillpay:${live ? 'live' : 'test'}:${id}`,
    type: EVENT_TYPES[type],
    occurredAt: new Date(created * 1000).toISOString(),
    orderId: payment.orderId,
    paymentId: payment.id,
    customerId: payment.customer.id,
    amount: money(payment.amount, payment.currency),
    ...(type === 'payment.refunded' && {
      refund: {
        ...money(payment.refunded, payment.currency),
        full: payment.refunded === payment.amount,
      },
    }),
    ...(type === 'payment.failed' && {
      failure: { code: payment.failure.code, retryable: payment.failure.retryable === true },
    }),
  };
}

/** Amounts come in the currency's smallest unit, which is a hundredth in some currencies only. */
function money(minor, currency) {
  const digits = CURRENCY_DIGITS[currency];
  const padded = String(minor).padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits);
  const fraction = padded.slice(padded.length - digits);
  return { minor, currency, text: `${fraction ? `${whole}.${fraction}` : whole} ${currency}` };
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value) {
  return typeof value === 'string' && value !== '';
}

function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function isId(value, prefix) {
  return isText(value) && value.startsWith(`${prefix}_`) && /^[a-z]+_[0-9a-z]{8,32}$/.test(value);
}

function isOneOf(value, table) {
  return typeof value === 'string' && Object.hasOwn(table, value);
}

function oneOf(table) {
  return `must be one of ${Object.keys(table).join(', ')}`;
}
