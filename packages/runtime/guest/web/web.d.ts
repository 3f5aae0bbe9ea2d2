/** A list without a prototype: see list.js. */
interface GuestList<Item> {
  length: number;
  [index: number]: Item;
}

/** A string under construction: see code-units.js. */
interface CodeUnits {
  text: string;
  readonly units: number[];
  used: number;
}

interface SearchPair {
  readonly name: string;
  value: string;
}

/** A URL in pieces, as its getters give them. */
interface UrlParts {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

/** What event.js lets the dispatcher do with an event. */
interface EventInternals {
  readonly isEvent: (value: any) => boolean;
  readonly isDispatching: (event: any) => boolean;
  readonly isStopped: (event: any) => boolean;
  readonly typeOf: (event: any) => string;
  readonly trust: (event: any, trusted: boolean) => void;
  readonly begin: (event: any, target: any) => void;
  readonly setPassive: (event: any, passive: boolean) => void;
  /** Answers false when a listener prevented the default. */
  readonly end: (event: any) => boolean;
}

interface AbortInternals {
  readonly isSignal: (value: any) => boolean;
  readonly require: (value: any, where: string) => void;
  readonly reasonOf: (signal: any) => any;
  readonly abort: (signal: any, reason: any) => void;
  readonly follow: (signals: GuestList<any>) => any;
  /** Answers false when the signal is aborted already. */
  readonly whenAborted: (signal: any, algorithm: () => void) => boolean;
}

interface SearchParamsInternals {
  readonly isInstance: (value: any) => boolean;
  readonly pairsOf: (params: any) => GuestList<SearchPair>;
  readonly ofUrl: (query: string, changed: (query: string) => void) => any;
  readonly replace: (params: any, query: string) => void;
}

interface CloneNode {
  readonly kind: string;
  content: any;
  target: any;
}

interface CloneGraph {
  readonly root: any;
  readonly nodes: GuestList<any>;
  /** Node, key and item, again and again. */
  readonly links: GuestList<any>;
}

interface CloneState {
  readonly memory: Map<object, any>;
  readonly nodes: GuestList<any>;
  readonly links: GuestList<any>;
  readonly pending: GuestList<any>;
  /** The stack of objects whose contents are still to be read. */
  top: any;
}

interface TextCodec {
  readonly feed: (
    state: any,
    output: CodeUnits,
    bytes: any,
    length: number,
    fatal: boolean,
  ) => boolean;
  readonly finish: (state: any, output: CodeUnits, fatal: boolean) => boolean;
}

interface Guest {
  /** Set by the worker: one string for another, at once. See src/worker/web-services.ts. */
  readonly ask: (operation: string, text: string) => string;
  abortSignal: Pick<AbortInternals, 'isSignal' | 'reasonOf' | 'whenAborted'>;
  base64: void;
  bytes: {
    readonly bufferOf: (view: any) => any;
    readonly bytesOf: (source: any, where: string) => any;
    readonly isBuffer: (value: any) => boolean;
  };
  codeUnits: {
    readonly add: (target: CodeUnits, unit: number) => void;
    readonly addPoint: (target: CodeUnits, point: number) => void;
    readonly close: (target: CodeUnits) => string;
    /** `expected` is how many units there may be; more and fewer are allowed. */
    readonly open: (expected: number) => CodeUnits;
  };
  domException: {
    readonly DOMException: new (message?: string, name?: string) => Error;
    readonly isDOMException: (value: any) => boolean;
    readonly nameOf: (exception: any) => string;
    readonly messageOf: (exception: any) => string;
  };
  encodingLabels: { readonly encodingFor: (label: any) => string };
  event: EventInternals & { readonly Event: new (type: string) => object };
  eventTarget: {
    readonly EventTarget: new () => object;
    readonly add: (target: any, type: string, callback: (event: any) => void) => void;
    readonly dispatch: (event: any, target: any) => boolean;
    readonly onSignals: (handler: AbortInternals['whenAborted']) => void;
  };
  formUrlencoded: {
    readonly parse: (text: string) => GuestList<SearchPair>;
    readonly serialize: (pairs: GuestList<SearchPair>) => string;
  };
  list: {
    readonly copy: <Item>(source: GuestList<Item>) => GuestList<Item>;
    readonly list: () => GuestList<any>;
    readonly push: (target: GuestList<any>, item: any) => void;
    readonly retain: (target: GuestList<any>, keep: (item: any) => boolean) => void;
    readonly sorted: (
      source: GuestList<any>,
      before: (a: any, b: any) => boolean,
    ) => GuestList<any>;
  };
  microtask: void;
  performance: { readonly now: () => number; readonly reset: () => void };
  random: void;
  searchIterator: {
    readonly makeIterator: (
      pairAt: (index: number) => SearchPair | undefined,
      kind: 'entries' | 'keys' | 'values',
    ) => object;
  };
  searchPairs: { readonly pairsOf: (init: any) => GuestList<SearchPair> };
  services: { readonly request: (operation: string, text: string) => string | undefined };
  structuredBrand: {
    readonly brandOf: (value: any) => string;
    readonly slotOf: (kind: string, value: object) => any;
  };
  structuredBuffer: {
    readonly copyOf: (source: any) => ArrayBuffer;
    readonly makeView: (shape: any, buffer: any) => any;
    readonly viewShape: (view: any, buffer: any) => any;
  };
  structuredClone: void;
  structuredDeserialize: {
    readonly deserialize: (graph: CloneGraph) => any;
  };
  structuredRead: {
    readonly addCause: (target: GuestList<any>, value: any) => void;
    readonly addContents: (target: GuestList<any>, value: any, kind: string) => void;
    readonly errorOf: (value: any) => any;
    readonly exceptionOf: (value: any) => any;
    readonly patternOf: (value: any) => any;
  };
  structuredSerialize: {
    readonly refuse: (what: string) => never;
    readonly serialize: (value: any, transferred: GuestList<any>) => CloneGraph;
  };
  textDecoder: void;
  textEncoder: void;
  uncaught: {
    readonly report: (error: unknown) => void;
    readonly onReport: (handler: (error: unknown) => void) => void;
  };
  url: void;
  urlSearchParams: Pick<SearchParamsInternals, 'ofUrl' | 'replace'>;
  utf16: TextCodec & { readonly decoder: (keepMark: boolean, bigEndian: boolean) => any };
  utf8: TextCodec & {
    readonly decode: (bytes: any, length: number) => string;
    readonly decoder: (keepMark: boolean) => any;
    readonly encode: (text: string) => any;
    readonly write: (
      text: string,
      bytes: any,
      room: number,
    ) => { readonly read: number; readonly written: number };
  };
  webIdl: {
    readonly constants: (Class: any, values: any) => void;
    readonly dictionary: (value: any, where: string) => any;
    readonly domString: (value: any) => string;
    readonly eachItem: (iterable: any, method: Function, visit: (item: any) => void) => void;
    readonly isObject: (value: unknown) => boolean;
    readonly isPlatformObject: (value: object) => boolean;
    readonly requireArguments: (given: number, needed: number, where: string) => void;
    readonly sequence: (value: any, where: string) => GuestList<any>;
    readonly sequenceMethod: (value: any, where: string) => Function | undefined;
    readonly shape: (Class: any, name: string, isInstance: (value: any) => boolean) => void;
    readonly tag: (prototype: object, name: string) => void;
    readonly usvString: (value: any) => string;
    readonly wholeNumber: (value: any, where: string) => number;
  };
  webIntrinsics: any;
  windows1252: any;
}
