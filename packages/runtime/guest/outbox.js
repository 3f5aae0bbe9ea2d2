'use strict';
// What the guest tells the worker while a turn goes on: at once, or held back until the turn is over,
// when the worker waits for the turn and can take nothing before.
guest.outbox = (() => {
  const send = guest.post;
  let isHolding = false;
  let held = '';

  const post = (/** @type {string} */ text) => {
    if (isHolding) held += `${text.length} ${text}`;
    else send(text);
  };

  const hold = () => {
    isHolding = true;
    held = '';
  };

  /** Ends the holding back. @returns each text after its length, or nothing. */
  const release = () => {
    const texts = held;
    isHolding = false;
    held = '';
    return texts;
  };

  return { __proto__: null, post, hold, release };
})();
