/**
 * Watches the GPU device that WebLLM asks for. WebLLM makes its own and gives
 * it out only once a model is loaded; what goes wrong before that, most often
 * too little memory, is known to the device alone.
 */

export interface GpuWatch {
  /** Why the device is gone, or null. */
  readonly lost: string | null;
  /** Who is to be told when it is lost, from now on. */
  onLost: ((why: string) => void) | null;
  /** Ends the watch on new devices; the one that was made stays watched. */
  end(): void;
}

/** @param onDevice  is given each new device before WebLLM has it */
export function watchGpu(onDevice: (device: GPUDevice) => void): GpuWatch {
  const { prototype } = globalThis.GPUAdapter;
  const original = Object.getOwnPropertyDescriptor(prototype, "requestDevice");
  if (!original) throw new RangeError("gpu: expected GPUAdapter.prototype.requestDevice");
  /** What the device said before it went. */
  let said: string | null = null;
  const watch = {
    lost: null as string | null,
    onLost: null as ((why: string) => void) | null,
    end: () => void Object.defineProperty(prototype, "requestDevice", original),
  };
  const lose = (why: string): void => {
    if (watch.lost !== null) return;
    watch.lost = why;
    watch.onLost?.(why);
  };
  const follow = (device: GPUDevice): void => {
    void device.lost.then(({ reason, message }) => lose(said ?? (message || reason)));
    device.addEventListener("uncapturederror", ({ error }) => {
      // What a faulty command was to write is not there: nothing that follows can be trusted.
      said ??= describeGpuError(error);
      lose(said);
    });
    // WebLLM destroys its device where a buffer could not be made, and keeps the reason to itself.
    const pop = device.popErrorScope.bind(device);
    device.popErrorScope = async () => {
      const error = await pop();
      if (error) said ??= describeGpuError(error);
      return error;
    };
  };
  const request = original.value as GPUAdapter["requestDevice"];
  Object.defineProperty(prototype, "requestDevice", {
    ...original,
    async value(this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
      const device = await request.call(this, descriptor);
      follow(device);
      onDevice(device);
      return device;
    },
  });
  return watch;
}

/** For example `out of memory: Buffer size …`; the call stack that browsers add below stays out. */
export function describeGpuError(error: GPUError): string {
  const kind = typeof GPUOutOfMemoryError !== "undefined" && error instanceof GPUOutOfMemoryError ? "out of memory" : "GPU error";
  const [message = ""] = error.message.split("\n", 1);
  return message === "" ? kind : `${kind}: ${message}`;
}
