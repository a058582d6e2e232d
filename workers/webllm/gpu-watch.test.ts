import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeGpuError, watchGpu } from "./gpu-watch.ts";

class FakeDevice extends EventTarget {
  lose: (info: { reason: string; message: string }) => void = () => undefined;
  readonly lost = new Promise<{ reason: string; message: string }>((resolve) => (this.lose = resolve));
  error: { message: string } | null = null;
  popErrorScope(): Promise<{ message: string } | null> {
    return Promise.resolve(this.error);
  }
  fault(message: string): void {
    this.dispatchEvent(Object.assign(new Event("uncapturederror"), { error: { message } }));
  }
}

class FakeAdapter {
  requestDevice(): Promise<FakeDevice> {
    return Promise.resolve(new FakeDevice());
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("a device that WebLLM asks for", () => {
  const world = globalThis as { GPUAdapter?: unknown };
  const before = world.GPUAdapter;
  const requestDevice = Object.getOwnPropertyDescriptor(FakeAdapter.prototype, "requestDevice")!;
  beforeEach(() => {
    world.GPUAdapter = FakeAdapter;
  });
  afterEach(() => {
    world.GPUAdapter = before;
    Object.defineProperty(FakeAdapter.prototype, "requestDevice", requestDevice);
  });

  async function watched() {
    const devices: unknown[] = [];
    const watch = watchGpu((device) => devices.push(device));
    const device = await new FakeAdapter().requestDevice();
    const told: string[] = [];
    watch.onLost = (why) => told.push(why);
    return { watch, device, devices, told };
  }

  test("is handed over before WebLLM has it, until the watch ends", async () => {
    const { watch, device, devices } = await watched();
    expect(devices).toEqual([device]);
    watch.end();
    await new FakeAdapter().requestDevice();
    expect(devices).toHaveLength(1);
  });

  test("that is lost says why", async () => {
    const { watch, device, told } = await watched();
    expect(watch.lost).toBeNull();
    device.lose({ reason: "unknown", message: "driver was reset" });
    await settled();
    expect([watch.lost, told]).toEqual(["driver was reset", ["driver was reset"]]);
  });

  test("that says nothing is lost for its reason", async () => {
    const { watch, device } = await watched();
    device.lose({ reason: "destroyed", message: "" });
    await settled();
    expect(watch.lost).toBe("destroyed");
  });

  test("that WebLLM destroys for want of memory says so", async () => {
    const { watch, device } = await watched();
    device.error = { message: "out of memory: 4 GiB" };
    expect(await device.popErrorScope()).toBe(device.error);
    device.lose({ reason: "destroyed", message: "Device was destroyed." });
    await settled();
    expect(watch.lost).toBe("GPU error: out of memory: 4 GiB");
  });

  test("with a fault that nobody caught is not to be trusted any more; told once", async () => {
    const { watch, device, told } = await watched();
    device.fault("Buffer is too small.\n - While encoding");
    device.lose({ reason: "destroyed", message: "" });
    await settled();
    expect([watch.lost, told]).toEqual(["GPU error: Buffer is too small.", ["GPU error: Buffer is too small."]]);
  });
});

test("an error without words is told all the same", () => expect(describeGpuError({ message: "" })).toBe("GPU error"));
