import type { HostMessage, RunMessage, WorkerMessage } from '../protocol/messages.ts';
import { Cell, type WorkerSource } from './cell.ts';
import { scriptCode } from './compile.ts';
import { Run, type Settlement } from './run.ts';
import { toBody } from './script-body.ts';
import { toCode, type Vm } from './vm.ts';
import { Watchdog } from './watchdog.ts';

/** What the process may grow by when it makes a VM, generously. */
const vmResidentBytes = 8 * 1024 * 1024;

/**
 * Carries out what the host asks of this worker. Owns its VMs, its runs and the sources it was
 * given. A message that makes no sense throws, and that ends the process.
 */
export class Supervisor {
  readonly #cells = new Map<number, Cell>();
  readonly #runs = new Map<number, Run>();
  readonly #sources = new Map<number, WorkerSource>();
  readonly #watchdog = new Watchdog((vm) =>
    this.#sendLast(vm === undefined ? { type: 'outgrown' } : { type: 'vm-outgrown', vm }),
  );
  readonly #send: (message: WorkerMessage) => void;
  /** Ends the process with a message. */
  readonly #sendLast: (message: WorkerMessage) => void;
  /** Shapes of the bindings, as JSON. */
  readonly #bindings: string;

  constructor(
    bindings: string,
    send: (message: WorkerMessage) => void,
    sendLast: (message: WorkerMessage) => void,
  ) {
    this.#bindings = bindings;
    this.#send = send;
    this.#sendLast = sendLast;
  }

  handle(message: HostMessage): void {
    switch (message.type) {
      case 'bindings':
        throw new TypeError('the bindings are there already');
      case 'ping':
        this.#send({ type: 'pong' });
        return;
      case 'answer':
        this.#runs.get(message.run)?.answer(message.call, message.answer, message.at);
        return;
      case 'create-vm':
        void this.#createVm(message.vm, message.memoryMb);
        return;
      case 'destroy-vm':
        this.#destroyVm(message.vm);
        return;
      case 'add-source':
        this.#sources.set(message.source, {
          id: message.source,
          text: toBody(message.text),
          code: undefined,
        });
        return;
      case 'add-code':
        this.#addCode(message.source, message.bytes);
        return;
      case 'drop-source':
        this.#sources.delete(message.source);
        for (const cell of this.#cells.values()) cell.forget(message.source);
        return;
      case 'run':
        this.#run(message);
        return;
      case 'cancel':
        this.#runs.get(message.run)?.cancel(message.code);
        return;
      default:
        message satisfies never;
        throw new TypeError('unknown message from the host');
    }
  }

  async #createVm(id: number, memoryMb: number): Promise<void> {
    this.#watchdog.expectGrowth(vmResidentBytes);
    try {
      this.#cells.set(id, await Cell.create(id, memoryMb, this.#bindings));
      this.#send({ type: 'vm-ready', vm: id });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#send({ type: 'vm-failed', vm: id, reason });
    }
  }

  #destroyVm(id: number): void {
    const cell = this.#cells.get(id);
    if (cell === undefined) return;
    this.#cells.delete(id);
    cell.vm.close();
    this.#reportWhenStopped(cell.vm);
  }

  #run(message: RunMessage): void {
    const cell = this.#cells.get(message.vm);
    const source = this.#sources.get(message.source);
    // The host sends a quick run after another, which should be over by now.
    if (message.pace === 'quick' && (cell === undefined || cell.isBusy)) {
      return this.#send({ type: 'returned', run: message.run, begun: false });
    }
    if (cell === undefined || source === undefined) throw new TypeError('run without VM or source');
    cell.isBusy = true;
    const run = new Run(cell, message, source, this.#watchdog, this.#send);
    this.#runs.set(message.run, run);
    run.begin((settlement) => {
      cell.isBusy = false;
      this.#runs.delete(message.run);
      this.#ended(message, cell.vm, source, settlement);
    });
  }

  #ended(
    { run, vm: id, codeWanted }: RunMessage,
    vm: Vm,
    source: WorkerSource,
    settlement: Settlement | undefined,
  ): void {
    if (settlement === undefined) this.#send({ type: 'returned', run, begun: true });
    else this.#send({ type: 'settled', run, ...settlement });
    if (settlement?.healthy !== true) this.#destroyVm(id);
    else if (codeWanted || settlement.compiled === 'refused') void this.#sendCode(vm, source);
  }

  #addCode(id: number, bytes: Uint8Array): void {
    const source = this.#sources.get(id);
    if (source !== undefined) source.code = toCode(bytes);
  }

  /** After the run, so that the functions that it called are in the code, and nobody waits. */
  async #sendCode(vm: Vm, source: WorkerSource): Promise<void> {
    try {
      const bytes = await scriptCode(vm, source.text);
      if (bytes !== undefined) this.#send({ type: 'code', source: source.id, bytes });
    } catch {
      // A source that does not compile has no code, nor has a VM that was closed meanwhile.
    }
  }

  /** The host kills this process when `vm-gone` does not come in time. */
  #reportWhenStopped(vm: Vm): void {
    if (vm.callsUnderWay > 0) setTimeout(() => this.#reportWhenStopped(vm), 1);
    else this.#send({ type: 'vm-gone', vm: vm.id });
  }
}
