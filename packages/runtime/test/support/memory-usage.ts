/** What `process.memoryUsage()` says of a process in which nothing but VMs takes memory. */
export function memoryUsage(rss: number): NodeJS.MemoryUsage {
  return { rss, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };
}
