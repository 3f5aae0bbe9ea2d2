/**
 * The worker process. Started by {@link file://../host/worker-process.ts} with an empty environment
 * and one pipe; it speaks nothing but the protocol, and to the host alone.
 */
import { listLocales } from './locales.ts';

void listLocales();
// Only now, so that both go on at once.
void import('./session.ts');
