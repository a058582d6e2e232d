/** A model of the lab keeps the contract of a Decoder, whatever its architecture. */

import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { decoderContract } from "../decoder-contract.test-support.ts";
import { weightsOf } from "../toys/weights.ts";
import { architecture, architectures } from "./architectures.ts";
import { initialParameters } from "./lesson.ts";
import { ToyDecoder } from "./toy-decoder.ts";

const task = sequenceTask("multi-query-recall");
const untrained = (id: string, seed = 1): Promise<ToyDecoder> => {
  const chosen = architecture(id);
  return ToyDecoder.from(chosen, task, weightsOf(initialParameters(chosen, task, seed)));
};

for (const { id } of architectures) decoderContract(id, () => untrained(id), { tolerance: 2e-4, tokens: [1, 9, 3, 14, 21, 5, 2, 7] });
