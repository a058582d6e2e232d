/**
 * A pause in which messages from the page get through, such as `stop()`.
 *
 * On wasm a forward pass ends without the worker's event loop turning once, so
 * a loop of them would hear nothing until it is done. One turn every few
 * milliseconds costs nothing to speak of.
 */
const every = 8;

let last = 0;
const channel = typeof MessageChannel === "undefined" ? null : new MessageChannel();
const waiting: (() => void)[] = [];
if (channel) channel.port1.onmessage = () => waiting.shift()?.();

export async function breathe(): Promise<void> {
  const now = performance.now();
  if (!channel || now - last < every) return;
  last = now;
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

// In Node an open port would keep a test alive.
(channel?.port1 as { unref?: () => void } | undefined)?.unref?.();
