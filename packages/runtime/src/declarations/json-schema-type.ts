/** A JSON Schema, as a Standard JSON Schema library gives it (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

const maxDepth = 12;

/** Writes the values that a JSON Schema allows as a TypeScript type. What it cannot say is `unknown`. */
export function typeOf(schema: unknown): string {
  return new TypeWriter(schema).type(schema, 0);
}

/**
 * The arguments that the schema of a list allows, as a parameter list. A call can be given up by the
 * `signal` of its last argument, when that is an object.
 */
export function parametersOf(schema: unknown): string {
  return new TypeWriter(schema).parameters();
}

class TypeWriter {
  readonly #root: unknown;
  /** References that are being written: one that comes again within itself ends there. */
  readonly #open = new Set<string>();

  constructor(root: unknown) {
    this.#root = root;
  }

  parameters(): string {
    const schema = this.#resolve(this.#root);
    const prefix = schema?.['prefixItems'];
    if (!Array.isArray(prefix)) {
      const items = schema?.['items'];
      const item = isSchema(items) ? this.type(items, 1) : 'unknown';
      return `...args: ${bracketed(item)}[]`;
    }
    const { minItems = 0, items } = schema as { minItems?: number; items?: unknown };
    const names = new Set<string>();
    const listed = prefix.map((part: unknown, index) => {
      const name = parameterName(part, index, names);
      const type = this.type(part, 1);
      const isLast = index === prefix.length - 1 && this.#resolve(part)?.['type'] === 'object';
      const whole = isLast ? `${bracketed(type)} & { signal?: AbortSignal }` : type;
      return `${name}${index < minItems ? '' : '?'}: ${whole}`;
    });
    if (isSchema(items)) listed.push(`...more: ${bracketed(this.type(items, 1))}[]`);
    return listed.join(', ');
  }

  type(given: unknown, depth: number): string {
    const reference = isSchema(given) ? given['$ref'] : undefined;
    if (typeof reference !== 'string') return this.#written(given, depth);
    if (this.#open.has(reference)) return 'unknown';
    this.#open.add(reference);
    const type = this.#written(given, depth);
    this.#open.delete(reference);
    return type;
  }

  #written(given: unknown, depth: number): string {
    const schema = this.#resolve(given);
    if (schema === undefined || depth > maxDepth) return given === false ? 'never' : 'unknown';
    if ('const' in schema) return JSON.stringify(schema['const']);
    if (Array.isArray(schema['enum'])) {
      return union(schema['enum'].map((value: unknown) => JSON.stringify(value)));
    }
    for (const key of ['anyOf', 'oneOf']) {
      const choices = schema[key];
      if (Array.isArray(choices)) return union(choices.map((each) => this.type(each, depth + 1)));
    }
    if (Array.isArray(schema['allOf'])) {
      const parts = schema['allOf'].map((each) => bracketed(this.type(each, depth + 1)));
      return parts.join(' & ');
    }
    const { type } = schema;
    if (Array.isArray(type)) {
      return union(type.map((each) => this.#named(String(each), schema, depth)));
    }
    return typeof type === 'string' ? this.#named(type, schema, depth) : 'unknown';
  }

  #named(type: string, schema: JsonSchema, depth: number): string {
    switch (type) {
      case 'integer':
      case 'number':
        return 'number';
      case 'string':
      case 'boolean':
      case 'null':
        return type;
      case 'array':
        return this.#array(schema, depth);
      case 'object':
        return this.#object(schema, depth);
      default:
        return 'unknown';
    }
  }

  #array(schema: JsonSchema, depth: number): string {
    const { prefixItems, items } = schema;
    if (!Array.isArray(prefixItems)) return `${bracketed(this.type(items, depth + 1))}[]`;
    const parts = prefixItems.map((each) => this.type(each, depth + 1));
    if (isSchema(items)) parts.push(`...${bracketed(this.type(items, depth + 1))}[]`);
    return `[${parts.join(', ')}]`;
  }

  #object(schema: JsonSchema, depth: number): string {
    const { properties, required, additionalProperties } = schema;
    const needed = new Set(Array.isArray(required) ? required : []);
    const lines = Object.entries(isSchema(properties) ? properties : {}).map(([name, value]) => {
      const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
      const optional = needed.has(name) ? '' : '?';
      return `${comment(value, '')}${key}${optional}: ${this.type(value, depth + 1)}`;
    });
    if (isSchema(additionalProperties)) {
      const value = this.type(additionalProperties, depth + 1);
      if (lines.length === 0) return `Record<string, ${value}>`;
      lines.push(`[key: string]: unknown`);
    }
    if (lines.length === 0)
      return additionalProperties === false ? '{}' : 'Record<string, unknown>';
    return `{ ${lines.join('; ')} }`;
  }

  /** Follows a reference within the schema; `true` allows everything and says nothing. */
  #resolve(schema: unknown): JsonSchema | undefined {
    if (!isSchema(schema)) return undefined;
    const reference = schema['$ref'];
    if (typeof reference !== 'string') return schema;
    if (!reference.startsWith('#')) return undefined;
    let target: unknown = this.#root;
    for (const part of reference.split('/').slice(1)) {
      if (!isSchema(target)) return undefined;
      target = target[part.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    // What refers to itself at once is nobody's type.
    return isSchema(target) && target['$ref'] === undefined ? target : undefined;
  }
}

/** A description as a doc comment, or nothing. It can neither end the comment nor begin a line. */
export function comment(schema: unknown, indent: string): string {
  const text = isSchema(schema) ? schema['description'] : undefined;
  if (typeof text !== 'string' || text === '') return '';
  const safe = text.replaceAll('*/', '*\u200b/').split(/\s*\n\s*/);
  if (safe.length === 1) return `${indent}/** ${safe[0]} */${indent === '' ? ' ' : '\n'}`;
  return `${indent}/**\n${safe.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function parameterName(schema: unknown, index: number, taken: Set<string>): string {
  const title = isSchema(schema) ? schema['title'] : undefined;
  const usable = typeof title === 'string' && /^[A-Za-z_$][\w$]*$/.test(title) && !taken.has(title);
  const name = usable ? title : `arg${index + 1}`;
  taken.add(name);
  return name;
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  if (distinct.includes('unknown')) return 'unknown';
  return distinct.length === 0 ? 'never' : distinct.join(' | ');
}

/** For a type that something is added to. */
function bracketed(type: string): string {
  return /[|&]/.test(type) ? `(${type})` : type;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
