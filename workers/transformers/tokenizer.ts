import { AutoTokenizer, type PreTrainedTokenizer, env } from "@huggingface/transformers";
import { EngineError, type Tokenizer } from "../engine.ts";
import { type ModelConfig, parse } from "./config.ts";
import type { ModelFiles } from "./files.ts";

/** transformers.js remembers answers by model name; a name of its own keeps one load from seeing another's. */
let loads = 0;

/** The model's tokenizer, made by transformers.js from files that are verified already. */
export async function loadTokenizer(files: ModelFiles, config: ModelConfig): Promise<Tokenizer> {
  const texts = new Map([["tokenizer_config.json", "{}"], ...files.texts]);
  const asked = env.fetch;
  env.fetch = (input: string | URL) => {
    const path = [...texts.keys()].find((name) => String(input).endsWith(`/${name}`));
    const text = path === undefined ? undefined : texts.get(path);
    return Promise.resolve(text === undefined ? new Response(null, { status: 404 }) : new Response(text));
  };
  try {
    return new ModelTokenizer(await AutoTokenizer.from_pretrained(`geodesic/loaded-${++loads}`), files, config);
  } catch (error) {
    throw new EngineError(`tokenizer.json: expected a tokenizer that transformers.js knows, got "${error instanceof Error ? error.message : String(error)}"; choose another model`);
  } finally {
    env.fetch = asked;
  }
}

class ModelTokenizer implements Tokenizer {
  readonly endTokens: readonly number[];
  private readonly unknown: { readonly token: string; readonly id: number } | null;
  private readonly template: string | null;

  constructor(
    private readonly tokenizer: PreTrainedTokenizer,
    files: ModelFiles,
    config: ModelConfig,
  ) {
    const own: unknown = tokenizer.eos_token === null ? null : tokenizer._tokenizer.token_to_id(tokenizer.eos_token);
    this.endTokens = config.endTokens.length > 0 ? config.endTokens : typeof own === "number" ? [own] : [];
    this.unknown = unknownToken(files);
    // Newer repositories keep the chat template beside tokenizer_config.json.
    this.template = files.texts.get("chat_template.jinja") ?? (tokenizer.chat_template ? tokenizer.get_chat_template() : null);
  }

  /** Prompts carry their own special tokens, so none are added. */
  encode(text: string): number[] {
    if (text === "") return [];
    const ids = this.raw(text);
    if (this.unknown && ids.includes(this.unknown.id)) {
      const { id } = this.unknown;
      const word = text.split(/\s+/).find((candidate) => candidate !== "" && this.raw(candidate).includes(id)) ?? text;
      throw new EngineError(`tokenizer: expected words that this model knows, got "${word}"; write the prompt in the model's own vocabulary`);
    }
    return ids;
  }

  decode(tokens: readonly number[]): string {
    if (tokens.length === 0) return "";
    return this.tokenizer.decode([...tokens], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  text(token: number): string {
    // A SentencePiece that begins with a space (▁) loses it when decoded alone.
    const piece = this.tokenizer._tokenizer.id_to_token(token) ?? "";
    const alone = this.decode([token]);
    const text = piece.startsWith("▁") && !alone.startsWith(" ") ? ` ${alone}` : alone;
    return text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
  }

  chat(message: string): string | null {
    if (this.template === null) return null;
    const rendered: unknown = this.tokenizer.apply_chat_template([{ role: "user", content: message }], {
      tokenize: false,
      add_generation_prompt: true,
      chat_template: this.template,
    });
    return typeof rendered === "string" ? rendered : null;
  }

  private raw(text: string): number[] {
    return this.tokenizer.encode(text, { add_special_tokens: false });
  }
}

/** The token that stands for what the vocabulary lacks, if it has one: as tokenizer.json names it, or tokenizer_config.json. */
function unknownToken(files: ModelFiles): { token: string; id: number } | null {
  const model = parse(files, "tokenizer.json")?.["model"] as { unk_token?: unknown; unk_id?: unknown; vocab?: unknown } | undefined;
  const vocab = model?.vocab;
  // Unigram vocabularies are lists of [piece, score], the others map piece to id.
  if (typeof model?.unk_id === "number") return { token: "", id: model.unk_id };
  const token = model?.unk_token;
  if (typeof token !== "string" || !vocab || Array.isArray(vocab)) return null;
  const id = (vocab as Record<string, unknown>)[token];
  return typeof id === "number" ? { token, id } : null;
}
