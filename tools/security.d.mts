/** Types of `security.mjs`. */
export const metaPolicy: string;
export const headers: Record<string, string>;
