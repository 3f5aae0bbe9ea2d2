const _ = module.exports;

const amountOf = (order) => _.sumBy(order.lines, (line) => line.quantity * line.cents);
const orders = _.map(ctx.input.orders, (order) => ({ ...order, cents: amountOf(order) }));

const byCountry = _(orders)
  .groupBy('customer.country')
  .map((group, country) => ({ country, orders: group.length, cents: _.sumBy(group, 'cents') }))
  .orderBy(['cents', 'country'], ['desc', 'asc'])
  .value();

const bestSellers = _(orders)
  .flatMap('lines')
  .groupBy('sku')
  .map((lines, sku) => ({ sku, units: _.sumBy(lines, 'quantity') }))
  .orderBy(['units', 'sku'], ['desc', 'asc'])
  .take(3)
  .value();

const tags = _(orders).flatMap('tags').countBy().toPairs().sortBy(0).fromPairs().value();

const largest = _(orders)
  .orderBy(['cents', 'id'], ['desc', 'asc'])
  .take(5)
  .map((order) => ({
    ..._.pick(order, ['id', 'placedOn', 'cents']),
    customer: _.startCase(_.deburr(order.customer.name)),
  }))
  .value();

console.log(`${orders.length} orders reported with lodash ${_.VERSION}`);

return {
  orders: orders.length,
  cents: _.sumBy(orders, 'cents'),
  byCountry,
  bestSellers,
  tags,
  largest,
};
