import type { JailLayer } from '../../src/index.ts';

/** What a worker that has been taken over tries in Node's own context, and what stops it. */
export interface JailAttack {
  /** The body of an async function; `given` says what there is to get at. It throws, or has succeeded. */
  readonly code: string;
  /** The layers that each stop it by themselves. */
  readonly stoppedBy: readonly JailLayer[];
}

/** What the attacks are told of the host. */
export interface AttackTargets {
  /** A file that anybody may read, and one that only its owner may. */
  readonly publicFile: string;
  readonly privateFile: string;
  /** A folder that anybody may write to, and a file of the package. */
  readonly folder: string;
  readonly packageFile: string;
  /** The port of a server of the host, and a socket of it in the file system. */
  readonly port: number;
  readonly socket: string;
  /** The host, and a process that belongs to the same user. */
  readonly host: number;
  readonly victim: number;
}

const connects = (target: string): string => `
  const socket = net.connect(${target});
  await once(socket, 'connect');
  socket.destroy();`;

/** Attacks by what they would achieve. */
export const jailAttacks: Readonly<Record<string, JailAttack>> = {
  'reads a file': {
    code: `fs.readFileSync(given.publicFile)`,
    stoppedBy: ['permissions', 'namespaces'],
  },
  'reads a file of the host alone': {
    code: `fs.readFileSync(given.privateFile)`,
    stoppedBy: ['permissions', 'namespaces', 'unprivileged-user'],
  },
  'writes a file': {
    code: `fs.writeFileSync(given.folder + '/written', 'x')`,
    stoppedBy: ['permissions', 'namespaces'],
  },
  'changes the code that workers run': {
    code: `fs.appendFileSync(given.packageFile, '//')`,
    stoppedBy: ['permissions', 'namespaces', 'unprivileged-user'],
  },
  'finds room for files in its own root': {
    code: `fs.mkdirSync(given.folder + '/made')`,
    stoppedBy: ['permissions', 'namespaces', 'seccomp'],
  },
  'connects to a server': {
    code: connects('{ port: given.port, host: "127.0.0.1" }'),
    stoppedBy: ['permissions', 'namespaces'],
  },
  'connects to a socket of the file system': {
    code: connects('{ path: given.socket }'),
    stoppedBy: ['permissions', 'namespaces'],
  },
  'makes a socket at all': {
    code: `
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.close();`,
    stoppedBy: ['permissions', 'seccomp'],
  },
  'sees the processes of the machine': {
    code: `if (!fs.readdirSync('/proc').includes(String(given.host))) throw new Error('hidden')`,
    stoppedBy: ['permissions', 'namespaces'],
  },
  'reads the environment of the host': {
    code: `fs.readFileSync('/proc/' + given.host + '/environ')`,
    stoppedBy: ['permissions', 'namespaces', 'unprivileged-user'],
  },
  'has a secret in its own environment': {
    code: `if (!('CLOISTER_TEST_SECRET' in process.env)) throw new Error('absent')`,
    stoppedBy: ['no-environment'],
  },
  'starts a shell': {
    code: `if (childProcess.spawnSync('/bin/sh', ['-c', 'exit 7']).status !== 7) throw new Error('none')`,
    stoppedBy: ['permissions', 'namespaces'],
  },
  'starts a process': {
    code: `if (childProcess.spawnSync(process.execPath, ['--version']).status !== 0) throw new Error('none')`,
    stoppedBy: ['permissions', 'seccomp'],
  },
  'signals another process': {
    code: `process.kill(given.victim, 'SIGURG')`,
    stoppedBy: ['namespaces', 'unprivileged-user'],
  },
  'becomes another user': {
    code: `process.setuid(65533)`,
    stoppedBy: ['namespaces', 'unprivileged-user'],
  },
  'asks to become the user that it is': {
    code: `process.setuid(process.getuid())`,
    stoppedBy: ['seccomp'],
  },
  'has capabilities that it could regain': {
    code: `if (/CapBnd:\\s*0+$/m.test(fs.readFileSync('/proc/self/status', 'utf8'))) throw new Error('none')`,
    stoppedBy: ['permissions', 'namespaces'],
  },
  'can gain privileges from what it executes': {
    code: `if (/NoNewPrivs:\\s*1/.test(fs.readFileSync('/proc/self/status', 'utf8'))) throw new Error('none')`,
    stoppedBy: ['permissions', 'namespaces'],
  },
  'runs before others': {
    code: `if (os.getPriority() > 0) throw new Error('behind')`,
    stoppedBy: ['low-priority'],
  },
  'opens files without end': {
    code: `
      const open = [];
      try {
        for (let i = 0; i < 400; i++) open.push(fs.openSync(process.execPath, 'r'));
      } finally {
        for (const descriptor of open) fs.closeSync(descriptor);
      }`,
    stoppedBy: ['permissions', 'resource-limits'],
  },
  'leaves its memory on the disk when it crashes': {
    code: `if (/Max core file size\\s+0\\s+0/.test(fs.readFileSync('/proc/self/limits', 'utf8'))) throw new Error('none')`,
    stoppedBy: ['permissions', 'resource-limits'],
  },
  // The last, since it costs the worker.
  'fills the disk through the file that it was given': {
    code: `for (let at = 0; at < 2 ** 20; at += 1024) fs.writeSync(4, Buffer.alloc(1024), 0, 1024, at)`,
    stoppedBy: ['resource-limits'],
  },
};
