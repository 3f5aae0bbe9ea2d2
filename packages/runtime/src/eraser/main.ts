/**
 * The process that erases types. Started by {@link file://../host/worker-process.ts} as the workers
 * are, but it holds no VM: a source can pin or break the parser, and then only this process is lost.
 */
import type { EraseMessage, EraserMessage } from '../protocol/eraser-messages.ts';
import { HostPipe } from '../protocol/host-pipe.ts';
import { eraseTypes } from './erase-types.ts';

// The parser is loaded by its first use; that should not be on the first source's time.
eraseTypes('');
const pipe = new HostPipe<EraserMessage>();
pipe.listen((message) => {
  const answer = eraseTypes((message as EraseMessage).source);
  const residentBytes = process.memoryUsage.rss();
  pipe.send(answer.type === 'gave-up' ? answer : { ...answer, residentBytes });
});
pipe.send({ type: 'ready' });
