/** Prints the resident memory of a bare isolate and context, in bytes; the argument says of how many. */
import ivm from 'isolated-vm';

const count = Number(process.argv[2]);
const make = async (): Promise<ivm.Isolate> => {
  const isolate = new ivm.Isolate({ memoryLimit: 128 });
  await isolate.createContext();
  return isolate;
};

const isolates = [await make()];
const before = process.memoryUsage.rss();
for (let i = 0; i < count; i++) isolates.push(await make());
console.log(Math.round((process.memoryUsage.rss() - before) / count));
// isolated-vm's own threads would hold the process up.
process.exit(0);
