/**
 * The grammar of the page: four modes, four colours, four shapes, four dashes,
 * everywhere. Colours are Okabe and Ito's, shifted where needed so that every
 * mark has a contrast of at least 3 : 1 with its ground and every word 4.5 : 1
 * (`theme.test.ts` computes them).
 */
import { css, unsafeCSS } from "lit";
import type { DecodingMode } from "../probes/trace.ts";

export type ColourScheme = "light" | "dark";
export type Shape = "circle" | "square" | "triangle" | "ring";

export interface ModeStyle {
  readonly mode: DecodingMode;
  readonly shape: Shape;
  /** Chart.js point style of the shape; `ring` is a hollow circle. */
  readonly pointStyle: "circle" | "rect" | "triangle";
  /** Line dash in pixels; [] is solid. */
  readonly dash: readonly number[];
  /** Colour of marks and lines. */
  readonly colour: Readonly<Record<ColourScheme, string>>;
  /** Colour of words. */
  readonly ink: Readonly<Record<ColourScheme, string>>;
}

export const modeStyles: Readonly<Record<DecodingMode, ModeStyle>> = {
  direct: { mode: "direct", shape: "circle", pointStyle: "circle", dash: [], colour: { light: "#0072b2", dark: "#3d9fd8" }, ink: { light: "#00629a", dark: "#6cbcec" } },
  icl: { mode: "icl", shape: "square", pointStyle: "rect", dash: [2, 3], colour: { light: "#b87800", dark: "#e69f00" }, ink: { light: "#8a5a00", dark: "#f0b429" } },
  cot: { mode: "cot", shape: "triangle", pointStyle: "triangle", dash: [7, 3], colour: { light: "#00916a", dark: "#1fb489" }, ink: { light: "#00704f", dark: "#3fcba2" } },
  latent: { mode: "latent", shape: "ring", pointStyle: "circle", dash: [12, 3, 2, 3], colour: { light: "#d55e00", dark: "#f0762b" }, ink: { light: "#b34a00", dark: "#ff9350" } },
};

/** Grounds, inks and lines of the two schemes. */
export const palette = {
  light: { ground: "#ffffff", surface: "#f7f7f5", raised: "#ffffff", ink: "#14171c", soft: "#545b66", faint: "#747b86", line: "#dfe1e5", strong: "#b9bec6", right: "#00704f", wrong: "#b3261e", focus: "#1a66d6", shade: "20 23 28" },
  dark: { ground: "#0f1115", surface: "#161920", raised: "#1b1f27", ink: "#eceef2", soft: "#aab1bd", faint: "#8a929f", line: "#292e38", strong: "#434a57", right: "#3fcba2", wrong: "#ff8a80", focus: "#7ab4ff", shade: "236 238 242" },
} as const;

/** Six colours for series that are no modes, in order; shapes and dashes differ too. Okabe and Ito's, darker or lighter where contrast asks for it. */
export const seriesStyles = [
  { colour: { light: "#0072b2", dark: "#3d9fd8" }, pointStyle: "circle", dash: [] },
  { colour: { light: "#d55e00", dark: "#f0762b" }, pointStyle: "triangle", dash: [7, 3] },
  { colour: { light: "#00916a", dark: "#1fb489" }, pointStyle: "rect", dash: [2, 3] },
  { colour: { light: "#a8568c", dark: "#d98cbb" }, pointStyle: "rectRot", dash: [12, 3, 2, 3] },
  { colour: { light: "#b87800", dark: "#e69f00" }, pointStyle: "star", dash: [4, 2] },
  { colour: { light: "#5a6b8c", dark: "#9fb3d9" }, pointStyle: "crossRot", dash: [9, 3, 9, 3] },
] as const;

export type SeriesStyle = (typeof seriesStyles)[number];

/** The scheme in force on the page. */
export function colourScheme(): ColourScheme {
  const chosen = document.documentElement.dataset["scheme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function variables(scheme: ColourScheme): string {
  const grounds = Object.entries(palette[scheme]).map(([name, value]) => `--${name}: ${value};`);
  const modes = Object.values(modeStyles).map((s) => `--${s.mode}: ${s.colour[scheme]}; --${s.mode}-ink: ${s.ink[scheme]};`);
  return [...grounds, ...modes, `color-scheme: ${scheme};`].join(" ");
}

/** Put on the document once; the variables reach every component. */
export const documentStyle = css`
  :root { ${unsafeCSS(variables("light"))} }
  @media (prefers-color-scheme: dark) { :root { ${unsafeCSS(variables("dark"))} } }
  :root[data-scheme="light"] { ${unsafeCSS(variables("light"))} }
  :root[data-scheme="dark"] { ${unsafeCSS(variables("dark"))} }
  :root {
    --sans: "Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", sans-serif;
    --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", monospace;
    --small: 0.8125rem; --body: 0.9375rem; --large: 1.375rem;
    --radius: 8px;
  }
  html, body { margin: 0; background: var(--ground); color: var(--ink); font: 400 var(--body)/1.45 var(--sans); }
`;

/** Shared by all components: type, focus, tables, buttons; the colour of the mode that a component is of. */
export const sharedStyle = css`
  :host { display: block; box-sizing: border-box; color: var(--ink); font: 400 var(--body)/1.45 var(--sans); }
  :host([hidden]) { display: none; }
  :host([mode="direct"]) { --mode: var(--direct); --mode-ink: var(--direct-ink); }
  :host([mode="icl"]) { --mode: var(--icl); --mode-ink: var(--icl-ink); }
  :host([mode="cot"]) { --mode: var(--cot); --mode-ink: var(--cot-ink); }
  :host([mode="latent"]) { --mode: var(--latent); --mode-ink: var(--latent-ink); }
  *, *::before, *::after { box-sizing: border-box; }
  h2, h3 { margin: 0; font-weight: 600; line-height: 1.3; }
  h2 { font-size: var(--body); }
  h3 { font-size: var(--small); }
  p { margin: 0; }
  .soft { color: var(--soft); }
  .small { font-size: var(--small); }
  .number { font-variant-numeric: tabular-nums; }
  .right { color: var(--right); }
  .wrong { color: var(--wrong); }
  button, select, input { font: inherit; font-size: var(--small); color: inherit; }
  button, select, input[type="number"], input[type="text"] {
    background: var(--raised); border: 1px solid var(--strong); border-radius: 6px; padding: 0.25rem 0.6rem; min-height: 1.875rem;
  }
  button { cursor: pointer; }
  button:hover:not(:disabled) { border-color: var(--soft); }
  button:disabled { color: var(--faint); cursor: default; }
  button[aria-pressed="true"] { background: var(--ink); color: var(--ground); border-color: var(--ink); }
  input[type="range"] { accent-color: var(--ink); }
  :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
  .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  table { border-collapse: collapse; font-size: var(--small); font-variant-numeric: tabular-nums; }
  th, td { text-align: right; padding: 0.15rem 0.6rem; border-bottom: 1px solid var(--line); font-weight: 400; }
  th:first-child, td:first-child { text-align: left; }
  thead th { color: var(--soft); }
  @media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
`;
