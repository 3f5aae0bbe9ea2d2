import { readFileSync } from 'node:fs';
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { Binding, BindingMethod } from '../bindings.ts';
import { ownFolder } from '../own-files.ts';
import { comment, parametersOf, typeOf, type JsonSchema } from './json-schema-type.ts';

/**
 * The type declarations of everything that a script has in scope, as the text of a `.d.ts` file.
 * For an editor with `"lib": ["esnext"]` and no other types.
 */
export function printDeclarations(bindings: readonly Binding[]): string {
  const own = readFileSync(new URL('types/script-globals.d.ts', ownFolder), 'utf8');
  const members = bindings.map(
    ({ name, description }) =>
      `${comment({ description }, '  ')}  readonly ${name}: ${typeName(name)};\n`,
  );
  const globals = bindings
    .filter(({ global }) => global === true)
    .map(({ name }) => `declare const ${name}: ${typeName(name)};\n`);
  return [
    own.trimEnd(),
    '',
    '/** The host functions. */',
    `declare const sdk: {\n${members.join('')}};`,
    ...globals.map((line) => line.trimEnd()),
    ...bindings.map(printBinding),
    '',
  ].join('\n');
}

function printBinding({ name, methods }: Binding): string {
  const lines = [...methods].map(
    ([method, rule]) => `${comment(rule, '  ')}  ${method}${signature(rule)};\n`,
  );
  return `\ninterface ${typeName(name)} {\n${lines.join('')}}`;
}

function signature({ params, result, logLevel }: BindingMethod): string {
  const given = jsonSchema(params, 'input');
  const parameters = given === undefined ? '...args: unknown[]' : parametersOf(given);
  if (logLevel !== undefined) return '(message: string, fields?: Record<string, unknown>): void';
  const answer = result === undefined ? undefined : jsonSchema(result, 'output');
  return `(${parameters}): Promise<${answer === undefined ? 'any' : typeOf(answer)}>`;
}

/** What the schema's library says of it; libraries that cannot say anything give undefined. */
function jsonSchema(schema: StandardSchemaV1, side: 'input' | 'output'): JsonSchema | undefined {
  const { '~standard': standard } = schema as unknown as StandardJSONSchemaV1;
  try {
    const converter = standard.jsonSchema as StandardJSONSchemaV1.Converter | undefined;
    return converter?.[side]({ target: 'draft-2020-12' });
  } catch {
    // A schema that JSON Schema cannot express, such as one with a transformation.
    return undefined;
  }
}

/** `crm` → `CrmBinding` */
function typeName(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}Binding`;
}
