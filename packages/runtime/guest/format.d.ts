/** An array without a prototype: tenant code can put setters on Array.prototype. */
interface FormatList<Item> {
  length: number;
  [index: number]: Item;
}

/** The state of one line. */
interface FormatState {
  readonly cleanStack: (stack: string) => string;
  /** Characters left to print. */
  left: number;
  /** Values visited. */
  nodes: number;
  /** True when a part of a value was left out. */
  stopped: boolean;
  /** Characters of strings that had no room. */
  dropped: number;
  /** Index of the next argument. */
  next: number;
  /** Spaces before a new line at the present place. */
  indent: number;
  /** Levels of nesting to print. */
  depth: number;
  /** Whether properties that are not enumerable are printed too, as `%o` does. */
  hidden: boolean;
  /** Level of the object printed last. */
  deepest: number;
  /** Objects that were found within themselves, newest first. */
  circular: FormatReference | null;
}

interface FormatReference {
  readonly value: object;
  readonly index: number;
  readonly next: FormatReference | null;
}

/** The objects around a value, innermost first. */
interface FormatParents {
  readonly value: object;
  readonly next: FormatParents | null;
}

interface FormatIdentity {
  /** Built-in type by internal slots. */
  readonly brand: string;
  /** The prototypes, nearest first. */
  readonly chain: FormatList<object>;
  /** Class name; null without a prototype. */
  readonly name: string | null;
  /** Symbol.toStringTag where it is to be printed, else ''. */
  readonly tag: string;
}

/** Pushes the printed elements of `value` to `items`. */
type FormatItems = (
  state: FormatState,
  value: any,
  shape: FormatShape,
  print: (child: unknown) => string,
  items: FormatList<string>,
) => void;

/** Instances of a class that is not the language's. */
interface FormatKind {
  readonly isInstance: (value: any) => boolean;
  /** What stands between the braces. */
  readonly items: FormatItems | undefined;
  /** The whole text of an instance, where it is not elements between braces. */
  readonly wholeOf: ((state: FormatState, value: any, name: string) => string) | undefined;
}

interface FormatShape {
  /** Text before the opening brace, such as an error's stack. */
  base: string;
  readonly open: string;
  close: string;
  readonly keys: FormatList<PropertyKey>;
  readonly items: FormatItems | undefined;
  /** Whether short elements are printed in columns. */
  isList: boolean;
  /** Elements of a list. */
  length: number;
  /** True while all elements of a list are numbers. */
  numeric: boolean;
  /** The whole text of an object that has neither keys nor elements. */
  whole: string | undefined;
}
