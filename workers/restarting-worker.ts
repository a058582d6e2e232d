/**
 * A worker that answers calls over Comlink, and what happens when it breaks:
 * calls under way reject (over Comlink alone they would wait for ever), and the
 * next call starts a new worker.
 */
import { wrap, type Remote } from "comlink";

interface Connection<S> {
  readonly worker: Worker;
  readonly remote: Remote<S>;
  /** Rejects when the worker crashes or is ended; never resolves. */
  readonly crash: Promise<never>;
  readonly fail: (message: string) => void;
}

export class RestartingWorker<S> {
  private connection: Connection<S> | null = null;
  private ended = false;

  /**
   * @param name    for messages: "probe"
   * @param create  starts the worker
   * @param greet   called with each new worker before anything else
   */
  constructor(
    private readonly name: string,
    private readonly create: () => Worker,
    private readonly greet: (remote: Remote<S>) => void = () => undefined,
  ) {}

  /** Whether a worker is up. */
  get running(): boolean {
    return this.connection !== null;
  }

  /** The call's own end, or the worker's, whichever comes first. */
  async call<T>(send: (remote: Remote<S>) => Promise<T>): Promise<T> {
    if (this.ended) throw this.error(`expected a running ${this.name} worker, got one that was ended; connect again`);
    this.connection ??= this.open();
    const { remote, crash } = this.connection;
    return Promise.race([send(remote), crash]);
  }

  /** Ends the worker; calls under way reject with this message, and the next one starts a new worker. */
  abandon(message: string): void {
    this.connection?.fail(message);
  }

  /** Ends the worker for good. */
  terminate(): void {
    this.ended = true;
    this.abandon(`the ${this.name} worker was ended; connect again`);
  }

  private open(): Connection<S> {
    const worker = this.create();
    let reject: (error: Error) => void;
    const crash = new Promise<never>((_, r) => (reject = r));
    // Heard by the calls under way; without any it is nobody's concern.
    crash.catch(() => undefined);
    const fail = (message: string): void => {
      if (this.connection?.worker === worker) this.connection = null;
      worker.terminate();
      reject(this.error(message));
    };
    worker.addEventListener("error", (event) => fail(`the ${this.name} worker crashed: ${event.message || "it could not be loaded"}; try again, or reload the page`));
    worker.addEventListener("messageerror", () => fail(`the ${this.name} worker sent what cannot be read; reload the page`));
    const remote = wrap<S>(worker);
    this.greet(remote);
    return { worker, remote, crash, fail };
  }

  private error(message: string): Error {
    const error = new Error(message);
    error.name = `${this.name[0]?.toUpperCase()}${this.name.slice(1)}Error`;
    return error;
  }
}
