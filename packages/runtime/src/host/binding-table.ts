import type { Binding, BindingMethod, BindingOptions, Rate } from '../bindings.ts';
import type { BindingShape } from '../protocol/messages.ts';
import { CallGate, PerTenant, TokenBucket } from './call-gate.ts';

/** What holds calls back: of a whole binding, or of one method. */
interface Gates {
  readonly total: CallGate | undefined;
  readonly perTenant: PerTenant<CallGate> | undefined;
}

/** A method that scripts can call, and what it is bounded by. */
export interface TableMethod {
  readonly binding: Binding;
  readonly name: string;
  readonly method: BindingMethod;
  /** `sdk.crm.find` */
  readonly path: string;
  readonly gate: CallGate | undefined;
  readonly bindingGates: Gates;
  readonly rates: {
    readonly total: TokenBucket | undefined;
    readonly perTenant: PerTenant<TokenBucket> | undefined;
  };
}

/** The bindings of a runtime, in the order in which scripts' calls name them by number. */
export class BindingTable {
  readonly bindings: readonly Binding[];
  /** What the workers are told. */
  readonly shapes: readonly BindingShape[];
  readonly #methods: readonly (readonly TableMethod[])[];

  constructor(bindings: readonly Binding[]) {
    this.bindings = bindings;
    this.shapes = bindings.map(shapeOf);
    this.#methods = bindings.map(tableMethods);
  }

  /** The method that a worker names, if there is such a one. */
  find(binding: number, method: number): TableMethod | undefined {
    return this.#methods[binding]?.[method];
  }
}

function shapeOf(binding: Binding): BindingShape {
  return {
    name: binding.name,
    global: binding.global === true,
    methods: [...binding.methods].map(([name, { cost = 1, logLevel }]) => ({
      name,
      free: cost === 0,
      ...(logLevel === undefined ? {} : { logLevel }),
    })),
  };
}

function tableMethods(binding: Binding): TableMethod[] {
  const bindingGates = gatesOf(binding);
  const rates = ratesOf(binding);
  return [...binding.methods].map(([name, method]) => ({
    binding,
    name,
    method,
    path: `sdk.${binding.name}.${name}`,
    gate: gate(method.maxConcurrent),
    bindingGates,
    rates,
  }));
}

function gatesOf({ maxConcurrent, perTenant }: BindingOptions): Gates {
  const each = perTenant?.maxConcurrent;
  return {
    total: gate(maxConcurrent),
    perTenant:
      each === undefined
        ? undefined
        : new PerTenant(
            () => new CallGate(each),
            ({ isIdle }) => isIdle,
          ),
  };
}

function ratesOf({ rate, perTenant }: BindingOptions): TableMethod['rates'] {
  const each: Rate | undefined = perTenant?.rate;
  return {
    total: rate === undefined ? undefined : new TokenBucket(rate),
    perTenant:
      each === undefined
        ? undefined
        : new PerTenant(
            () => new TokenBucket(each),
            ({ isFull }) => isFull,
          ),
  };
}

function gate(size: number | undefined): CallGate | undefined {
  return size === undefined ? undefined : new CallGate(size);
}
