/**
 * Loads a package that is an optional peer: now, and not before somebody needs it.
 * @param load - the `import` itself, whose name is seen by whoever bundles this.
 * @param refuse - makes the error to throw; `problem` is the end of a sentence about the package.
 */
export async function loadDriver<Driver>(
  name: string,
  load: () => Promise<Driver>,
  refuse: (problem: string, cause: unknown) => Error,
): Promise<Driver> {
  try {
    return await load();
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const problem = isMissing
      ? `needs the package ${name}, which is not installed: npm install ${name}`
      : `needs the package ${name}, which cannot be loaded`;
    throw refuse(problem, error);
  }
}
