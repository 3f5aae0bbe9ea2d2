/**
 * What stands around a script when it runs: it is the body of a strict async function, with the names in scope
 * as parameters of an outer one, so that a script may declare its own `events` or `ctx`. Known to both ends,
 * since a long source is put between these once, as bytes, and then is in memory once and not twice. The prefix
 * stands on the script's first line and is taken off its columns.
 */
export const scriptPrefix = `(function(ctx,console){'use strict';return{async''(){`;
export const scriptSuffix = `\n}}['']})`;
