import { z } from 'zod';
import { defineBinding, type Binding, type BindingCall } from '../bindings.ts';
import type { LogLevel } from '../protocol/messages.ts';

/** What pino, bunyan and others have in common: an object of fields, then the message. */
export type Logger = Readonly<Record<LogLevel, (fields: object, message: string) => void>>;

/** Options of `log`. */
export interface LogOptions {
  /**
   * Gets each line that the run's log keeps, with `tenantId`, `executionId`, `scriptId` and what the
   * script gave as `fields`. Default: none, the lines are in the run's log alone.
   */
  readonly logger?: Logger;
}

const fields = z.record(z.string(), z.unknown());

/**
 * `sdk.log`: lines with fields, in the run's log beside the console's and within the same limits, and
 * in the host's own log. Calls count for nothing and are not awaited.
 */
export function log({ logger }: LogOptions = {}): Binding {
  const method = (level: LogLevel, description: string) => ({
    description,
    params: z.tuple([
      z.string().meta({ title: 'message' }),
      fields.optional().meta({ title: 'fields' }),
    ]),
    result: z.undefined(),
    cost: 0,
    logLevel: level,
    handler: (call: BindingCall, message: string, given?: Record<string, unknown>): void => {
      const { tenant, execution } = call;
      const { id: executionId, scriptId } = execution;
      const about = { tenantId: tenant.id, executionId, scriptId };
      logger?.[level](given === undefined ? about : { ...about, fields: given }, message);
    },
  });
  return defineBinding(
    'log',
    {
      debug: method('debug', 'Writes a line that is of use to whoever looks for a fault.'),
      info: method('info', 'Writes a line.'),
      warn: method('warn', 'Writes a warning.'),
      error: method('error', 'Writes an error; the run goes on.'),
    },
    { description: 'The log of the run.' },
  );
}
