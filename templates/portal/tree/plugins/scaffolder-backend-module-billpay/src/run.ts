import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { InputError } from '@backstage/errors';

/** One run of billpay. */
export type Run = {
  binary: string;
  args: string[];
  /** Standard input. */
  input?: string;
  /** A folder of its own, for what it and Git would keep in a home. */
  home: string;
  timeoutSeconds: number;
  signal?: AbortSignal;
  /** Takes each line that it says to people. */
  log: (line: string) => void;
};

/** The portal's variables hold secrets: only these go on. */
const HANDED_ON = ['PATH', 'LANG', 'TZ', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'SSL_CERT_FILE'];

/** As much as an answer may hold. */
const MOST_BYTES = 32 * 1024 * 1024;

/** How long it may take to end when it is asked to. */
const GRACE_MS = 5_000;

/** Runs billpay without a shell, and returns its standard output. */
export async function run({ binary, args, input = '', home, timeoutSeconds, signal, log }: Run): Promise<string> {
  signal?.throwIfAborted();
  const handedOn = HANDED_ON.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const child = spawn(binary, args, {
    cwd: home,
    env: {
      ...Object.fromEntries(handedOn),
      HOME: home,
      TMPDIR: home,
      GIT_TERMINAL_PROMPT: '0',
      NO_COLOR: '1',
    },
    // A group of its own, so that what it started ends with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });

  let why: Error | undefined;
  const kill = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended already.
    }
  };
  let later: NodeJS.Timeout | undefined;
  const stop = (error: Error) => {
    why ??= error;
    kill('SIGTERM');
    later ??= setTimeout(() => kill('SIGKILL'), GRACE_MS);
  };
  const onAbort = () => stop(new Error('the task was cancelled'));
  const timer = setTimeout(() => stop(new Error(`billpay took longer than ${timeoutSeconds} s`)), timeoutSeconds * 1000);
  signal?.addEventListener('abort', onAbort, { once: true });

  const pieces: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > MOST_BYTES) stop(new Error(`billpay said more than ${MOST_BYTES} bytes`));
    else pieces.push(piece);
  });
  createInterface({ input: child.stderr }).on('line', line => line.trim() && log(line));
  // It may end before it has read its answers; then its own error says why.
  child.stdin.on('error', () => {});
  child.stdin.end(input);

  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', error => reject(new Error(`${binary} can't be run: ${error.message}`)));
      child.once('close', resolve);
    });
    const output = Buffer.concat(pieces).toString('utf8');
    if (why) throw why;
    if (code !== 0) throw new InputError(told(output) ?? `billpay ended with ${code ?? 'a signal'}`);
    return output;
  } finally {
    clearTimeout(timer);
    clearTimeout(later);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Billpay's own words for what is wrong; the schema is `billpay/error/v1`. */
function told(output: string): string | undefined {
  try {
    const { heading, details, hints } = JSON.parse(output).error;
    return [heading, ...details, ...hints.map((hint: string) => `hint: ${hint}`)].join('\n');
  } catch {
    return undefined;
  }
}
