/**
 * Which layers' hidden states the runs keep. All, unless that takes more memory than
 * one would give it; the embedding and the last layer are always among them.
 */

export type LayerChoice = "all" | "half" | "quarter" | "ends";
export const layerChoices: readonly LayerChoice[] = ["all", "half", "quarter", "ends"];

export const layerChoiceWords: Readonly<Record<LayerChoice, string>> = { all: "all layers", half: "every second layer", quarter: "every fourth layer", ends: "first and last layer" };

/** Above this the choice is offered, bytes. */
export const worthChoosing = 64e6;

/** The layers to keep of 0 … last; undefined for all. */
export function chosenLayers(choice: LayerChoice, last: number): readonly number[] | undefined {
  if (choice === "all") return undefined;
  const every = { half: 2, quarter: 4, ends: Math.max(1, last) }[choice];
  return Array.from({ length: last + 1 }, (_, layer) => layer).filter((layer) => layer === 0 || (last - layer) % every === 0);
}
