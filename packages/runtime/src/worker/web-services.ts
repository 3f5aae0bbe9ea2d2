import type * as Crypto from 'node:crypto';
/** What a VM may ask for. The texts are described at the functions that read them. */
type WebOperation = 'url' | 'url-relative' | 'url-set' | 'random' | 'uuid';

/** Characters of a URL, before parsing and after; the guest has the same bound (guest/web/url.js). */
const maxUrlLength = 65_536;
/** Three texts of that length and how long they are. */
const maxTextLength = 3 * maxUrlLength + 64;
const maxRandomBytes = 65_536;
/** How much one realm may have in one turn of the event loop, which belongs to all tenants. */
const answersPerTurn = 64;
const msPerTurn = 2;

/** Takes 10 ms to load, which the start of a worker does not wait for. */
let crypto: typeof Crypto | undefined;

/** Loads what the answers need, so that no realm waits for it. */
export function loadWebServices(): typeof Crypto {
  return (crypto ??= process.getBuiltinModule('node:crypto'));
}

const busy = '!';
const none = '-';

/**
 * Makes what answers the questions of one realm, one string for another. It never throws: an answer
 * begins with `+`, or is `-` when there is none, or `!` when the realm has to ask again later. A VM
 * that asks without end would otherwise keep the event loop from everything else, since isolated-vm
 * 7.0.1 serves questions for as long as there are any (src/isolate/environment.cc, AsyncEntry).
 * @see {@link file://../../guest/web/services.js}
 */
export function webServices(): (operation: string, text: string) => string {
  let answers = 0;
  let spentMs = 0;
  return (operation, text) => {
    if (answers >= answersPerTurn || spentMs >= msPerTurn) return busy;
    if (answers === 0) {
      setImmediate(() => {
        answers = 0;
        spentMs = 0;
      });
    }
    answers++;
    const begun = performance.now();
    const answer = answerTo(operation, text);
    spentMs += performance.now() - begun;
    return answer === undefined ? none : `+${answer}`;
  };
}

/** Both arguments come out of a VM and are taken for nothing but strings. */
function answerTo(operation: unknown, text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > maxTextLength) return undefined;
  const known = operation as WebOperation;
  try {
    switch (known) {
      case 'url':
        return parsed(text, undefined);
      case 'url-relative':
        return relative(text);
      case 'url-set':
        return changed(text);
      case 'random':
        return random(text);
      case 'uuid':
        return loadWebServices().randomUUID();
      default:
        known satisfies never;
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function parsed(text: string, base: string | undefined): string | undefined {
  const url = URL.parse(text, base);
  return url === null ? undefined : partsOf(url);
}

/** The properties in the order in which the guest reads them; none can contain a line feed. */
function partsOf(url: URL): string | undefined {
  const { href } = url;
  if (href.length > maxUrlLength) return undefined;
  const { origin, protocol, username, password, host, hostname, port, pathname, search, hash } =
    url;
  const authority = [protocol, username, password, host, hostname, port];
  return [href, origin, ...authority, pathname, search, hash].join('\n');
}

/** Reads `length,length` and a line feed, then three texts of which the last takes the rest. */
function unpack(text: string): readonly [string, string, string] | undefined {
  const header = /^(\d{1,6}),(\d{1,6})\n/.exec(text);
  if (header === null) return undefined;
  const first = header[0].length;
  const second = first + Number(header[1]);
  const third = second + Number(header[2]);
  return [text.slice(first, second), text.slice(second, third), text.slice(third)];
}

/** The input and its base. */
function relative(text: string): string | undefined {
  const fields = unpack(text);
  return fields === undefined ? undefined : parsed(fields[0], fields[1]);
}

const settable = [
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const;

/** A property, the URL that has it, and its new value. */
function changed(text: string): string | undefined {
  const fields = unpack(text);
  const property = settable.find((name) => name === fields?.[0]);
  if (fields === undefined || property === undefined) return undefined;
  const url = URL.parse(fields[1]);
  if (url === null) return undefined;
  url[property] = fields[2];
  return partsOf(url);
}

/** A number of bytes; each comes as the character of its number. */
function random(text: string): string | undefined {
  const size = Number(text);
  const valid = Number.isInteger(size) && size > 0 && size <= maxRandomBytes;
  return valid ? loadWebServices().randomBytes(size).toString('latin1') : undefined;
}
