import type { Peer } from './peer.ts';

/** Loads a peer, and no other, since a first result is measured with all that is loaded for it. */
type Loader = () => Promise<Peer>;

/** Whom the others are compared with. */
export const baseline = 'isolated-vm';

/** In the order of the table. */
export const peers: Readonly<Record<string, Loader>> = {
  cloister: async () => (await import('./cloister.ts')).cloisterHardened,
  'cloister-fresh': async () => (await import('./cloister.ts')).cloisterFresh,
  [baseline]: async () => (await import('./isolated-vm.ts')).freshIsolate,
  'isolated-vm-context': async () => (await import('./isolated-vm.ts')).freshContext,
  'quickjs-emscripten': async () => (await import('./quickjs-emscripten.ts')).quickjsEmscripten,
  'sebastianwessel-quickjs': async () =>
    (await import('./sebastianwessel-quickjs.ts')).sebastianwesselQuickjs,
  'secure-exec': async () => (await import('./secure-exec.ts')).secureExec,
  vm2: async () => (await import('./vm2.ts')).vm2,
  'worker-threads': async () => (await import('./worker-threads.ts')).workerThreads,
  'node-vm': async () => (await import('./node-vm.ts')).nodeVm,
};
