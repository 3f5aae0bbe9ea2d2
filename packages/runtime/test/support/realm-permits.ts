/** A shared object as {@link file://../fixtures/realm-snapshot.js} gives it; -1 is no object. */
export interface SharedObject {
  /** The way by which the walk came to it. */
  readonly path: string;
  readonly isFrozen: boolean;
  readonly parent: number;
  readonly fields: readonly {
    /** A string key as it is, a well-known symbol as `@@iterator`. */
    readonly key: string;
    readonly type: string;
    /** Its value, or what its accessor gives for the object itself. */
    readonly value: number;
    readonly get: number;
    readonly set: number;
  }[];
}

/** The permits of SES: of an object, what each key may hold; `false` is what SES removes. */
type Permit = string | boolean | undefined | { readonly [key: string]: Permit } | null;
type PermitRecord = Exclude<Permit, string | boolean | undefined | null>;

export interface Permits {
  /** Of each global name, the name of its intrinsic. */
  readonly globals: Readonly<Record<string, string>>;
  readonly intrinsics: PermitRecord;
}

/** What the permits say of a realm. */
export interface Comparison {
  /** Objects that the permits know, by path. */
  readonly known: ReadonlyMap<string, SharedObject>;
  /** Paths of properties and objects that they do not. */
  readonly unknown: readonly string[];
}

/** What only syntax leads to: the instance's prototype in the walk, and its name in the permits. */
const anonymous: Readonly<Record<string, string>> = {
  'asyncFunction.__proto__': '%AsyncFunctionPrototype%',
  'generator.__proto__': '%Generator%',
  'asyncGenerator.__proto__': '%AsyncGenerator%',
  'arrayIterator.__proto__': '%ArrayIteratorPrototype%',
  'mapIterator.__proto__': '%MapIteratorPrototype%',
  'setIterator.__proto__': '%SetIteratorPrototype%',
  'stringIterator.__proto__': '%StringIteratorPrototype%',
  'regExpIterator.__proto__': '%RegExpStringIteratorPrototype%',
  'iteratorHelper.__proto__': '%IteratorHelperPrototype%',
  'wrappedIterator.__proto__': '%WrapForValidIteratorPrototype%',
  'get Function.prototype.arguments': '%ThrowTypeError%',
  'get arguments.callee': '%ThrowTypeError%',
};

const plainFunction: Permit = { '[[Proto]]': '%FunctionPrototype%' };

/** What every function has. */
const functionKeys = ['length', 'name'];

/** Keys that the permits write otherwise. */
const permitKey = (key: string): string => (key === '__proto__' ? '--proto--' : key);

/**
 * The shortest path of each object by names from the global object; of what only an instance leads
 * to, the path of the walk.
 */
function namePaths(graph: readonly SharedObject[]): string[] {
  const paths: string[] = [];
  const queue: number[] = [];
  const name = (index: number, path: string): void => {
    if (index < 0 || paths[index] !== undefined) return;
    paths[index] = path;
    queue.push(index);
  };
  const follow = (): void => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const prefix = index === 0 ? '' : `${paths[index]}.`;
      for (const { key, value, get, set } of graph[index]!.fields) {
        name(value, `${prefix}${key}`);
        name(get, `get ${prefix}${key}`);
        name(set, `set ${prefix}${key}`);
      }
    }
  };
  name(0, 'globalThis');
  follow();
  for (const [index, { path }] of graph.entries()) {
    name(index, path);
    follow();
  }
  return paths;
}

/** Lays the permits over a realm, from the global names on. */
export function compareWithPermits(
  graph: readonly SharedObject[],
  { globals, intrinsics }: Permits,
): Comparison {
  const paths = namePaths(graph);
  const known = new Map<number, PermitRecord>();
  const unknown = new Set<string>();

  const visit = (index: number, permit: Permit): void => {
    const object = graph[index];
    if (object === undefined || known.has(index)) return;
    const record = typeof permit === 'string' ? intrinsics[permit] : permit;
    if (typeof record !== 'object' || record === null) return;
    known.set(index, record);
    visit(object.parent, record['[[Proto]]']);
    const isGlobal = index === 0;
    for (const { key, value, get, set } of object.fields) {
      const path = isGlobal ? key : `${paths[index]}.${key}`;
      const allowed = isGlobal ? globals[key] : record[permitKey(key)];
      if (functionKeys.includes(key) && value < 0 && get < 0 && !isGlobal) continue;
      if (allowed === undefined || allowed === false) unknown.add(path);
      else if (
        typeof allowed === 'object' &&
        allowed !== null &&
        ('get' in allowed || 'set' in allowed)
      ) {
        visit(get, allowed['get']);
        visit(set, allowed['set']);
      } else {
        // What cures the override mistake (guest/overrides.js) stands where the permits see a value.
        visit(get, plainFunction);
        visit(set, plainFunction);
        visit(value, allowed);
      }
    }
  };

  visit(0, { '[[Proto]]': '%ObjectPrototype%' });
  for (const [index, path] of paths.entries()) visit(index, anonymous[path]);
  for (const [index, path] of paths.entries()) if (!known.has(index)) unknown.add(path);
  return {
    known: new Map([...known.keys()].map((index) => [paths[index]!, graph[index]!])),
    unknown: [...unknown],
  };
}

interface FlatPermits {
  readonly universal_globals: readonly string[];
  readonly constant_globals: readonly string[];
  readonly initial_globals: readonly string[];
  readonly permitted: readonly (readonly [path: string, type: string])[];
}

/** Reads the permits as a flat list of paths, such as `%MapPrototype%.size.get.name`. */
export function fromFlatPermits(flat: FlatPermits): Permits {
  type Open = { [key: string]: Open | Permit };
  const intrinsics: Open = {};
  for (const [path, type] of flat.permitted) {
    const keys = path.match(/%[^%]*%|\[\[\w+\]\]|[^.]+/g) ?? [];
    let at = intrinsics;
    for (const key of keys.slice(0, -1)) {
      if (typeof at[key] !== 'object') at[key] = {};
      at = at[key] as Open;
    }
    const last = keys.at(-1)!;
    if (typeof at[last] !== 'object' && (last !== '[[Proto]]' || type !== 'object')) {
      at[last] = type === 'object' ? {} : type !== 'REMOVED' && type;
    }
  }
  const globals = {
    globalThis: 'globalThis',
    ...Object.fromEntries(
      [...flat.universal_globals, ...flat.constant_globals].map((name) => [name, name]),
    ),
    ...Object.fromEntries(
      flat.initial_globals.map((name) => {
        const initial = `%Initial${name}%`;
        return [name, initial in intrinsics ? initial : name];
      }),
    ),
  };
  return { globals: { ...globals, ...ownNames }, intrinsics };
}

/** Globals that SES replaces for each compartment. */
export const ownNames: Readonly<Record<string, string>> = {
  Function: '%InertFunction%',
  Symbol: '%SharedSymbol%',
};
