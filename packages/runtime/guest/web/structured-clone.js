'use strict';
// `structuredClone`.
guest.structuredClone = (() => {
  const { addGlobal } = guest.globals;
  const { isBuffer } = guest.bytes;
  const { list } = guest.list;
  const { deserialize } = guest.structuredDeserialize;
  const { refuse, serialize } = guest.structuredSerialize;
  const { dictionary, requireArguments, sequence } = guest.webIdl;
  const { bufferDetached, bufferTransfer } = guest.webIntrinsics;

  /** The buffers that a script wants moved. */
  const transferOf = (/** @type {any} */ options) => {
    const given = dictionary(options, 'structuredClone').transfer;
    const buffers = given === undefined ? list() : sequence(given, 'structuredClone: transfer');
    for (let i = 0; i < buffers.length; i++) {
      if (!isBuffer(buffers[i])) refuse('in transfer, what is no ArrayBuffer');
      for (let j = 0; j < i; j++) {
        if (buffers[j] === buffers[i]) refuse('in transfer, an ArrayBuffer that is there twice');
      }
    }
    return buffers;
  };

  /** @param {any} value @param {any} [options] */
  const structuredClone = function (value, options = undefined) {
    requireArguments(arguments.length, 1, 'structuredClone');
    const transferred = transferOf(options);
    const graph = serialize(value, transferred);
    // Not before everything was read, so that a clone that fails takes nothing away.
    for (let i = 0; i < transferred.length; i++) {
      if (bufferDetached(transferred[i])) refuse('in transfer, a detached ArrayBuffer');
    }
    for (let i = 0; i < transferred.length; i++) {
      graph.nodes[i].content = bufferTransfer(transferred[i]);
    }
    return deserialize(graph);
  };

  addGlobal('structuredClone', structuredClone);
})();
