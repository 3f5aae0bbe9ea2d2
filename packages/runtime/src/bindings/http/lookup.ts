import { lookup as systemDns } from 'node:dns/promises';

/** An address of a host. */
export interface HostAddress {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** Finds the addresses of a name, all of them. Rejects, or gives none, when there are none. */
export type Lookup = (hostname: string) => Promise<readonly HostAddress[]>;

/** The look-up of the system, with its hosts file, in the order that it gives. */
export const systemLookup: Lookup = (hostname) =>
  systemDns(hostname, { all: true, order: 'verbatim' });
