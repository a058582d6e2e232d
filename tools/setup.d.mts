/** Types of `setup.mjs`. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}
export const root: string;
export function nodeIsTooOld(version?: string): boolean;
export function requireNode(): void;
export function run(command: string, args: readonly string[], options?: { quiet?: boolean; env?: Record<string, string>; minutes?: number }): Promise<Ended>;
export function program(name: string, bin?: string): string;
export function install(): Promise<void>;
export function buildIsOld(): boolean;
export function build(options?: { quiet?: boolean; minutes?: number }): Promise<Ended>;
export function pythonWithTorch(): Promise<string | null>;
