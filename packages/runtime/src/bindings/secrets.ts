import { z } from 'zod';
import { BindingError, defineBinding, type Binding, type BindingRun } from '../bindings.ts';

/**
 * Finds the secret of a run's tenant; undefined when there is none of that name. It must look for the
 * tenant's own: `run.tenant.id` says whose script it is.
 */
export type SecretProvider = (
  run: BindingRun,
  name: string,
) => string | undefined | Promise<string | undefined>;

/** Options of `secrets`. */
export interface SecretsOptions {
  readonly provider: SecretProvider;
  /**
   * Names of secrets that scripts may hold; the others can only be used where the host puts them in,
   * such as the headers of `sdk.http`. Default: all.
   */
  readonly readable?: readonly string[];
}

const name = z
  .string()
  .regex(/^[\w.:/-]{1,128}$/, 'a secret has a name of 1 to 128 letters, digits and . : / - _')
  .meta({ title: 'name' });

/** `sdk.secrets.get(name)`: the tenant's secrets. What it gives appears as `***` in logs and errors. */
export function secrets({ provider, readable }: SecretsOptions): Binding {
  const find = secretFinder(provider);
  return defineBinding(
    'secrets',
    {
      get: {
        description: 'Gives a secret. An unknown one is an Error with the code unknown_secret.',
        params: z.tuple([name]),
        result: z.string(),
        handler: async (call, wanted) => {
          if (readable !== undefined && !readable.includes(wanted)) {
            throw new BindingError(`scripts may use the secret ${wanted} but not read it`, {
              code: 'secret_not_readable',
            });
          }
          return find(call, wanted);
        },
      },
    },
    { description: "The tenant's secrets." },
  );
}

/**
 * Makes a function that finds secrets and has them masked in the logs and errors of the run.
 * It throws a `BindingError` with the code `unknown_secret`.
 */
function secretFinder(
  provider: SecretProvider,
): (run: BindingRun, name: string) => Promise<string> {
  return async (run, wanted) => {
    const secret = await provider(run, wanted);
    if (secret === undefined) {
      throw new BindingError(`there is no secret named ${wanted}`, { code: 'unknown_secret' });
    }
    run.mask(secret);
    return secret;
  };
}
