import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * How many events led to what goes on: what a bus of ours calls its subscribers in, so that the runs
 * which they ask for are known to be the work of other runs.
 */
export const eventDepth: AsyncLocalStorage<number> = new AsyncLocalStorage();
