/** How much of a jail the workers get; see `docs/jail.md`. */
export type JailMode = 'auto' | 'none' | 'strict';

/** What stands between a worker that has been taken over and the machine; see `docs/jail.md`. */
export type JailLayer =
  | 'permissions'
  | 'no-environment'
  | 'resource-limits'
  | 'low-priority'
  | 'unprivileged-user'
  | 'namespaces'
  | 'seccomp';

/** All of them, as they are listed wherever some are. */
export const jailLayers: readonly JailLayer[] = [
  'permissions',
  'no-environment',
  'resource-limits',
  'low-priority',
  'unprivileged-user',
  'namespaces',
  'seccomp',
];
