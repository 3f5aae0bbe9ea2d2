import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fromFlatPermits, ownNames, type Permits } from './realm-permits.ts';

interface PermitsModule {
  readonly constantProperties: object;
  readonly universalPropertyNames: Record<string, string>;
  readonly initialGlobalPropertyNames: Record<string, string>;
  readonly uniqueGlobalPropertyNames: Record<string, string>;
  readonly permitted: Permits['intrinsics'];
}

/** The permits of the `ses` package, from a file that it does not export. */
export async function sesPermits(): Promise<Permits> {
  const folder = pathToFileURL(createRequire(import.meta.url).resolve('ses/package.json'));
  const file = new URL('src/permits.js', folder).href;
  const permits = (await import(/* @vite-ignore */ file)) as PermitsModule;
  const constants = Object.keys(permits.constantProperties).map((name) => [name, name]);
  return {
    globals: {
      ...(Object.fromEntries(constants) as Record<string, string>),
      ...permits.universalPropertyNames,
      ...permits.initialGlobalPropertyNames,
      ...permits.uniqueGlobalPropertyNames,
      ...ownNames,
    },
    intrinsics: permits.permitted,
  };
}

/** The same of another version as a flat list, which lies beside the repo on some machines. */
const flatFile: string = fileURLToPath(
  new URL('../../../../../shared/cases/intrinsics-permits.json', import.meta.url),
);

/** The flat list, or undefined where it is not. */
export function flatPermits(): Permits | undefined {
  if (!existsSync(flatFile)) return undefined;
  type Flat = Parameters<typeof fromFlatPermits>[0];
  return fromFlatPermits(JSON.parse(readFileSync(flatFile, 'utf8')) as Flat);
}
