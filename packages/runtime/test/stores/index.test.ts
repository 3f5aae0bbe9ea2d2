import { expect, test } from 'vitest';
import * as stores from '@cloister/runtime/stores';

test('the public names of @cloister/runtime/stores', () => {
  expect(Object.keys(stores).toSorted()).toEqual([
    'BytecodeStoreError',
    'postgresBytecodeStore',
    'secretBeside',
    'sqliteBytecodeStore',
  ]);
});
