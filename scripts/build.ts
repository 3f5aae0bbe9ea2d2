/** `npm run build`: the packages as they are installed, in `dist`. Prints where. */
import { ensureBuilt } from './ensure-built.ts';

process.stdout.write(`${await ensureBuilt()}\n`);
