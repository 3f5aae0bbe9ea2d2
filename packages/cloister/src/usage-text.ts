/** What `cloister --help` prints. */
export const usageText = `cloister: run other people's JavaScript and TypeScript

Usage
  cloister run FILE|- [options]    run a script; - reads it from standard input
  cloister check FILE...           say whether scripts parse; runs nothing
  cloister types [--bindings FILE] print type declarations for an editor

A script is the body of a strict async function: return gives the output, await
works at the top level. In scope are ctx (ctx.input, ctx.tenant, ctx.user,
ctx.execution), sdk and console.

A file named .ts is TypeScript: its types are erased, not checked. Enums,
namespaces, parameter properties, decorators, JSX, import and export are not
supported; .tsx, .jsx, .mts and .cts files are refused.

Options of run
  --input JSON|@FILE     the input, as JSON or as the name of a JSON file
  --tenant ID            the tenant in whose name it runs (default: "default")
  --user JSON            the user, shown to the script as ctx.user
  --timeout MS           wall clock limit in milliseconds
  --memory MB            memory limit in MiB
  --api-calls N          limit of host calls
  --realm KIND           hardened (default) or fresh: its global environment
  --language NAME        javascript or typescript, whatever the file is called;
                         also for check (default: by the file's name)
  --cache FILE|URL       keep compiled code in an SQLite file, or in Postgres
                         (which needs SCRIPT_CACHE_SECRET)
  --bindings FILE        a module whose export named bindings lists what scripts
                         have as sdk; also for types
  --json                 print one JSON record instead of the output
  --help, -h             print this

Output
  The script's output goes to standard output as JSON, its console to standard
  error. Limits also come from the environment: SCRIPT_TIMEOUT_MS and others.

Exit status
  0  the script completed
  1  the script failed or did not parse
  2  the command line is wrong
`;
