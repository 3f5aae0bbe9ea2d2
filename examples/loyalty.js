// Takes a customer's discount off an order. Needs the bindings of bindings.ts.

const { customerId, cents } = ctx.input;
const customer = await sdk.crm.find(customerId).catch((error) => {
  if (error.code !== 'not_found') throw error;
  return null;
});
if (customer === null) {
  sdk.log.warn('unknown customer', { customerId });
  return { cents, discounted: false };
}

const reduced = Math.round(cents * (1 - customer.discount));
await events.publish('order.discounted', { customerId, from: cents, to: reduced });
return { cents: reduced, discounted: reduced !== cents, name: customer.name };
