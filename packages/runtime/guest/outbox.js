'use strict';
// What the guest tells the worker while a turn goes on: at once, or held back until the turn is over,
// when the worker waits for the turn and can take nothing before.
guest.outbox = (() => {
  const send = guest.post;
  const { uncurryThis } = guest.primordials;
  const charCodeAt = uncurryThis(String.prototype.charCodeAt);
  const consoleLine = 108;
  const droppedLines = 100;
  let isHolding = false;
  let held = '';
  let holdsOther = false;

  const post = (/** @type {string} */ text) => {
    if (!isHolding) return send(text);
    const kind = charCodeAt(text, 0);
    if (kind !== consoleLine && kind !== droppedLines) holdsOther = true;
    held += `${text.length} ${text}`;
  };

  const hold = () => {
    isHolding = true;
    held = '';
    holdsOther = false;
  };

  /** Ends the holding back. @returns each text after its length, or nothing. */
  const release = () => {
    const texts = held;
    isHolding = false;
    held = '';
    return texts;
  };

  /** What is held back. */
  const heldTexts = () => held;

  /** Whether anything is, or was last, held back that is no line of the console. */
  const hasHeldOther = () => holdsOther;

  return { __proto__: null, post, hold, release, held: heldTexts, hasHeldOther };
})();
