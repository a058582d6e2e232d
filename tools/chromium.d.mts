/** Types of `chromium.mjs`. */
export function findChromium(): string | null;
export const howToGetChromium: string;
export const quietArgs: string[];
export const webgpuArgs: string[];
