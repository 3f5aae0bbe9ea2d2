import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DenseSet } from '../../src/host/dense-set.ts';

test('holds what a set would, and each member knows its place', () => {
  const member = fc.nat(9);
  const step = fc.oneof(
    fc.record({ does: fc.constantFrom('add', 'delete'), member }),
    fc.record({ does: fc.constant('clear'), member }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const dense = new DenseSet<{ place: number; readonly id: number }>();
      const model = new Set<number>();
      const all = Array.from({ length: 10 }, (_, id) => ({ place: -1, id }));
      for (const { does, member: id } of steps) {
        if (does === 'clear') {
          dense.clear();
          model.clear();
        } else if (does === 'delete') {
          expect(dense.delete(all[id]!)).toBe(model.delete(id));
        } else if (!model.has(id)) {
          dense.add(all[id]!);
          model.add(id);
        }
        expect(dense.size).toBe(model.size);
        expect(new Set(dense.members().map((each) => each.id))).toEqual(model);
        for (const { id: each, place } of all) expect(place >= 0).toBe(model.has(each));
      }
    }),
  );
});
