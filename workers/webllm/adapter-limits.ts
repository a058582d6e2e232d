/** What the GPU offers of what models ask for. On the page as well as in workers. */

export interface AdapterLimits {
  /** Vendor, architecture and description, as far as the browser tells. */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** No GPU: the processor computes in its place, many times slower. */
  readonly software: boolean;
  readonly shaderF16: boolean;
  /** Bytes. */
  readonly maxBufferSize: number;
  /** Bytes that one kernel sees of a buffer. */
  readonly maxStorageBufferBindingSize: number;
  /** Bytes. */
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  /**
   * Memory of the machine, MB; null where the browser does not tell. WebGPU says nothing of a
   * GPU's own, and what browsers tell of the machine's is rounded, and at most 8 GiB in most of them.
   */
  readonly memoryMB: number | null;
}

/** As much as browsers tell of the memory, GiB: more may be there. */
const mostTold = 8;

/** null where the browser has no WebGPU, or no adapter for it. */
export async function adapterLimits(): Promise<AdapterLimits | null> {
  if (typeof navigator === "undefined") return null;
  const { gpu, deviceMemory } = navigator as Navigator & { readonly gpu?: GPU; readonly deviceMemory?: number };
  // The adapter that WebLLM will ask for.
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) return null;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info as GPUAdapterInfo & { readonly isFallbackAdapter?: boolean };
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  return {
    name: [vendor, architecture, description].filter(Boolean).join(" ") || "unknown",
    vendor,
    architecture,
    software: isFallbackAdapter === true || (adapter as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${description}`),
    shaderF16: adapter.features.has("shader-f16"),
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize,
    maxStorageBuffersPerShaderStage,
    memoryMB: deviceMemory !== undefined && deviceMemory < mostTold ? deviceMemory * 1024 : null,
  };
}
