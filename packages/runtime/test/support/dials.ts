import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach } from 'vitest';

/**
 * Watches which addresses this process connects to by TCP, through whatever library.
 * @returns the addresses, from the start of the test on.
 */
export function useDials(): readonly string[] {
  const dialled: string[] = [];
  const onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.on('connectionAttempt', (address: string) => dialled.push(address));
  };
  beforeAll(() => subscribe('net.client.socket', onSocket));
  afterAll(() => void unsubscribe('net.client.socket', onSocket));
  beforeEach(() => void (dialled.length = 0));
  return dialled;
}
