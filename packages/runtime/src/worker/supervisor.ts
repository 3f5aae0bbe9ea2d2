import { completedText } from '../protocol/completed-text.ts';
import type { JsonText } from '../protocol/frames.ts';
import { readLaneLine } from '../protocol/lane-lines.ts';
import type { HostMessage, LaneMessage, RunMessage, WorkerMessage } from '../protocol/messages.ts';
import { Cell, type WorkerSource } from './cell.ts';
import { scriptCode } from './compile.ts';
import { asCompleted, executeLane } from './lane.ts';
import { Run, type AdoptedTurn, type Settlement } from './run.ts';
import { readWrapped } from './script-body.ts';
import type { Lane } from './together.ts';
import { leavesRoomForTurnNow } from './turn-now.ts';
import { toCode, type Vm } from './vm.ts';
import { Watchdog } from './watchdog.ts';

type ReceivedLane = LaneMessage & Lane;

/** What the process may grow by when it makes a VM, generously. */
const vmResidentBytes = 8 * 1024 * 1024;

/**
 * Carries out what the host asks of this worker. Owns its VMs, its runs and the sources it was
 * given. A message that makes no sense throws, and that ends the process.
 */
export class Supervisor {
  readonly #cells = new Map<number, Cell>();
  #offered: Cell | undefined;
  readonly #runs = new Map<number, Run>();
  readonly #sources = new Map<number, WorkerSource>();
  readonly #watchdog = new Watchdog((vm) =>
    this.#sendLast(vm === undefined ? { type: 'outgrown' } : { type: 'vm-outgrown', vm }),
  );
  readonly #send: (message: WorkerMessage | JsonText) => void;
  /** Ends the process with a message. */
  readonly #sendLast: (message: WorkerMessage) => void;
  /** Shapes of the bindings, as JSON. */
  readonly #bindings: string;

  constructor(
    bindings: string,
    send: (message: WorkerMessage | JsonText) => void,
    sendLast: (message: WorkerMessage) => void,
  ) {
    this.#bindings = bindings;
    this.#send = send;
    this.#sendLast = sendLast;
  }

  /** Whether runs are in it. */
  get isBusy(): boolean {
    return this.#runs.size > 0;
  }

  /** Gives it a VM that the host has not asked for yet. */
  offer(cell: Cell): void {
    this.#offered = cell;
  }

  /** Closes the VM that was offered, if the host has not asked for one like it. */
  withdraw(): void {
    this.#offered?.vm.close();
    this.#offered = undefined;
  }

  /** Says that the process is about to grow, for itself and for no run. */
  expectGrowth(bytes: number): void {
    this.#watchdog.expectGrowth(bytes);
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
          ...readWrapped(message.text),
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
      case 'lane':
        this.#lane(message);
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
    try {
      this.#cells.set(id, this.#takeOffered(id, memoryMb) ?? (await this.#makeCell(id, memoryMb)));
      this.#send({ type: 'vm-ready', vm: id });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#send({ type: 'vm-failed', vm: id, reason });
    }
  }

  #takeOffered(id: number, memoryMb: number): Cell | undefined {
    const cell = this.#offered;
    if (cell?.vm.memoryMb !== memoryMb || cell.vm.isClosed) return undefined;
    this.#offered = undefined;
    cell.vm.id = id;
    return cell;
  }

  #makeCell(id: number, memoryMb: number): Promise<Cell> {
    this.#watchdog.expectGrowth(vmResidentBytes);
    return Cell.create(id, memoryMb, this.#bindings);
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
    const { run, ended } = this.#newRun(cell, message, source);
    run.begin(ended);
  }

  #newRun(
    cell: Cell,
    message: RunMessage,
    source: WorkerSource,
  ): { readonly run: Run; readonly ended: (settlement: Settlement | undefined) => void } {
    cell.isBusy = true;
    const run = new Run(cell, message, source, this.#watchdog, this.#send);
    this.#runs.set(message.run, run);
    const ended = (settlement: Settlement | undefined): void => {
      cell.isBusy = false;
      this.#runs.delete(message.run);
      this.#ended(message, cell.vm, source, settlement);
    };
    return { run, ended };
  }

  #lane(message: LaneMessage): void {
    const { vm, limits, runs } = message;
    const lane = { ...message, lines: message.text.split('\n') };
    if (runs.length === 0 || lane.lines.length !== runs.length) {
      throw new TypeError('a lane does not have a line for each run');
    }
    const cell = this.#cells.get(vm);
    if (cell === undefined || cell.isBusy) return this.#giveBack(runs, false);
    const source = this.#sources.get(message.source);
    if (source === undefined) throw new TypeError('lane without source');
    const wrapper = cell.readyWrapper(source.id);
    if (wrapper === undefined || !leavesRoomForTurnNow(limits.timeoutMs, limits.cpuMs)) {
      this.#run(runMessageOf(lane, 0));
      return this.#giveBack(runs.slice(1), false);
    }
    const { turns, begun } = executeLane(cell, source, wrapper, lane);
    this.#laneEnded(cell, source, lane, turns, begun);
  }

  #laneEnded(
    cell: Cell,
    source: WorkerSource,
    lane: ReceivedLane,
    turns: readonly AdoptedTurn[],
    begun: number,
  ): void {
    const { vm: id, limits, runs } = lane;
    const { vm } = cell;
    const completed: string[] = [];
    const others: number[] = [];
    let cpuMs = 0;
    for (const [i, turn] of turns.entries()) {
      cpuMs += turn.cpuMs;
      const end = asCompleted(runs[i]!, turn, limits.outputBytes);
      if (end === undefined) others.push(i);
      else completed.push(end);
    }
    this.#watchdog.discount(cpuMs);
    if (begun > turns.length) vm.close();
    // One that goes on will be looked at when it is over.
    const isOver = others.at(-1) !== turns.length - 1;
    const heapBytes = isOver ? cell.heapBytesAfter(cpuMs, turns.length) : cell.heapBytes;
    if (isOver && cell.isNearlyFull) vm.close();
    if (completed.length > 0) {
      this.#send(completedText(completed, { heapBytes, healthy: !vm.isClosed }));
    }
    for (const i of others) {
      const { run, ended } = this.#newRun(cell, runMessageOf(lane, i), source);
      run.adopt(turns[i]!, ended);
    }
    this.#giveBack(runs.slice(turns.length, begun), true);
    this.#giveBack(runs.slice(begun), false);
    if (vm.isClosed) this.#destroyVm(id);
  }

  #giveBack(runs: readonly number[], begun: boolean): void {
    for (const run of runs) this.#send({ type: 'returned', run, begun });
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
    else if (codeWanted || settlement.compiled === 'refused') {
      // The end of the run is on its way by then.
      setImmediate(() => void this.#sendCode(vm, source));
    }
  }

  #addCode(id: number, bytes: Uint8Array): void {
    const source = this.#sources.get(id);
    if (source !== undefined) source.code = toCode(bytes);
  }

  /** After the run, so that the functions that it called are in the code, and nobody waits. */
  async #sendCode(vm: Vm, source: WorkerSource): Promise<void> {
    try {
      const bytes = await scriptCode(vm, source);
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

/** A run of a lane as it would have come alone. */
function runMessageOf(
  { vm, source, context, limits, runs, lines }: ReceivedLane,
  place: number,
): RunMessage {
  return {
    type: 'run',
    run: runs[place]!,
    vm,
    source,
    purpose: 'execute',
    realm: 'hardened',
    ...readLaneLine(context, lines[place]!),
    limits,
    pace: 'quick',
    codeWanted: false,
  };
}
