// Bindings for the scripts in this folder: `cloister run --bindings examples/bindings.ts …`.
import { BindingError, defineBinding, events, log, memoryBus } from '@cloister/runtime/bindings';
import { z } from 'zod';

const customers = new Map([
  ['C-17', { id: 'C-17', name: 'Ada Lovelace', tier: 'gold', discount: 0.1 }],
  ['C-18', { id: 'C-18', name: 'Alan Turing', tier: 'basic', discount: 0 }],
]);

const customer = z.object({
  id: z.string(),
  name: z.string(),
  tier: z.enum(['basic', 'gold']),
  discount: z.number().describe('A fraction of the price.'),
});

const crm = defineBinding(
  'crm',
  {
    find: {
      description: 'A customer by number.',
      params: z.tuple([z.string().max(40).meta({ title: 'id' })]),
      result: customer,
      handler: (_call, id) => {
        const found = customers.get(id);
        if (found === undefined) throw new BindingError('no such customer', { code: 'not_found' });
        return found;
      },
    },
  },
  { description: 'Customer data.' },
);

const bus = memoryBus();
bus.subscribe('*', ({ type, payload }) => {
  process.stderr.write(`published: ${type} ${JSON.stringify(payload)}\n`);
});

export const bindings = [crm, log(), events({ bus })];
