import { randomUUID } from 'node:crypto';
import { link, open, rm, writeFile } from 'node:fs/promises';

const withoutHardLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/**
 * Creates a file that only its owner can read and write, complete or not at all: whoever finds it
 * finds its whole content. Answers false when there already is one, which is left as it is.
 * @throws the errors of the file system.
 */
export async function createPrivateFile(file: string, content: Uint8Array): Promise<boolean> {
  const draft = `${file}.${process.pid}-${randomUUID()}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      // A name without its content after a power cut would be an error for ever.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!withoutHardLinks.has(code)) throw error;
    return await createDirectly(file, content);
  } finally {
    await rm(draft, { force: true });
  }
}

/** For file systems without hard links: here a reader may come between creation and content. */
async function createDirectly(file: string, content: Uint8Array): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
