/**
 * Colours for numbers: cividis (Nuñez, Anderton & Renslow 2018), which rises evenly in
 * lightness, is the same to readers with red-green colour blindness, and stays in
 * order in grey. Ten of its colours, mixed linearly between.
 */
const stops = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"] as const;

const channels = stops.map((hex): readonly [number, number, number] => [Number.parseInt(hex.slice(1, 3), 16), Number.parseInt(hex.slice(3, 5), 16), Number.parseInt(hex.slice(5, 7), 16)]);

/** [r, g, b] in 0 … 255 of a share in [0, 1]; shares outside are the ends. */
export function scaleColour(share: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, share)) * (channels.length - 1);
  const i = Math.min(channels.length - 2, Math.floor(at));
  const [a, b] = [channels[i]!, channels[i + 1]!];
  return [0, 1, 2].map((c) => Math.round(a[c]! + (at - i) * (b[c]! - a[c]!))) as unknown as readonly [number, number, number];
}

/** As CSS writes it. */
export function scaleCss(share: number): string {
  return `rgb(${scaleColour(share).join(" ")})`;
}
