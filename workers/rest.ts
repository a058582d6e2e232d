/**
 * A turn of the event loop, in which `stop` and other calls get in. By a message:
 * browsers stretch a timer that follows on a timer to 4 ms.
 */
export function rest(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
