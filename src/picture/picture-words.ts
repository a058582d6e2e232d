/** What the picture of the runs says of itself. */
import type { PictureMethod } from "../../probes/run-picture.ts";
import { formatPercent } from "../format.ts";
import type { JointProjection } from "./joint-picture.ts";
import type { Provenance } from "../measures/provenance.ts";
import type { Extent } from "../settings.ts";

export const methodWords: Readonly<Record<PictureMethod, { readonly short: string; readonly title: string }>> = {
  pca: { short: "PCA", title: "exact principal components of all runs together" },
  umap: { short: "UMAP", title: "a layout that keeps neighbourhoods and gives up distances" },
  isomap: { short: "Isomap", title: "a layout whose distances are those along the cloud of states" },
  "answer-axis": { short: "answer", title: "the axis along which the right answer becomes likely, and the leading component beside it" },
  plane: { short: "plane", title: "the plane through three states of your choice" },
};

export const extentWords: Readonly<Record<Extent, string>> = { question: "the question", thinking: "the end of the prompt", all: "the first token" };

/** How the picture was made. */
export function pictureInWords({ method, seed, epochs, stopped, made, states, layer }: JointProjection): string {
  const how: Record<PictureMethod, string> = {
    pca: "exact PCA of all runs together",
    umap: `UMAP, seed ${seed}, ${stopped ? "stopped after " : ""}${epochs} epochs: only neighbourhoods mean something, not distances`,
    isomap: "Isomap of all runs together: distances are ways along the cloud",
    "answer-axis": "answer axis: from states that give the right answer less than even odds to those that give it more",
    plane: "plane through three states: distances between these three are exact",
  };
  if (made === "placed") return `these runs placed in a picture that was made of ${states} states of others (${how[method]})`;
  if (made === "saved") return `as saved with the run: ${how[method]}, layer ${layer === 0 ? "embed" : layer}, over ${states} states`;
  return how[method];
}

/** Titles of the two axes. */
export function axisTitles(method: PictureMethod, explained: readonly number[] | null): readonly [string, string] {
  const share = (axis: 0 | 1): string => {
    const value = explained?.[axis];
    return value === undefined || Number.isNaN(value) ? "" : ` · ${formatPercent(value)} of variance`;
  };
  switch (method) {
    case "umap":
      return ["UMAP 1 (no unit)", "UMAP 2 (no unit)"];
    case "isomap":
      return ["Isomap 1 (way along the cloud)", "Isomap 2"];
    case "answer-axis":
      return [`towards the answer${share(0)}`, `PC beside it${share(1)}`];
    case "plane":
      return [`from A to B${share(0)}`, `towards C${share(1)}`];
    case "pca":
      return [`PC 1${share(0)}`, `PC 2${share(1)}`];
  }
}

export type PictureNumber = "explained" | "trustworthiness" | "continuity" | "stress" | "geodesic";

export const pictureNumbers: Readonly<Record<PictureNumber, Pick<Provenance, "what" | "formula" | "unit" | "source" | "help" | "caveat">>> = {
  explained: { help: "How much of what sets the states apart lies along each axis of the picture. Together with all the axes that are not drawn it makes 100 %. A small share says that most of it is not in the picture.", what: "share of the variance on each axis", formula: "λᵢ / Σλ", unit: "1", source: "Pearson 1901", caveat: "What is not on the axes is not in the picture." },
  trustworthiness: { help: "Whether points that are neighbours in the picture are neighbours in the model. 1 is always, ½ is what a random picture gives. Where it is low, two points close together here may have nothing in common.", what: "trustworthiness", formula: "1 − 2/(n k (2n − 3k − 1)) Σᵢ Σ_{j ∈ Uₖ(i)} (r(i, j) − k)", unit: "1", source: "Venna & Kaski 2001", caveat: "Whether neighbours in the picture are neighbours in space: local only, a folded roll can score 0.99; about ½ by chance." },
  continuity: { help: "Whether points that are neighbours in the model are neighbours in the picture. 1 is always, ½ is what a random picture gives. Where it is low, the picture has torn apart what belongs together.", what: "continuity", formula: "trustworthiness with space and picture exchanged", unit: "1", source: "Venna & Kaski 2001", caveat: "Whether neighbours in space are neighbours in the picture: local only." },
  stress: { help: "How far distances in the picture are from those in the model, once it is drawn at the best scale. 0 keeps all distances. Around 0.2 and above, lengths in the picture are not to be measured.", what: "Kruskal’s stress-1", formula: "√(1 − (Σdδ)² / Σd²Σδ²), at the best scale", unit: "1", source: "Kruskal 1964", caveat: "Decided by large distances; 0 is a picture that keeps all of them." },
  geodesic: { help: "Whether what is far apart along the cloud of states is far apart in the picture. 1 keeps the order of all such distances. A rolled-up sheet that is drawn flat has nearly 1 here, though its straight distances have changed.", what: "geodesic correlation", formula: "Spearman’s rank correlation of ways through the graph of neighbours with distances in the picture", unit: "1", source: "Tenenbaum, de Silva & Langford 2000; Spearman 1904", caveat: "As the graph: a short cut or a loose part changes it." },
};
