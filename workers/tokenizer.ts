import { AutoTokenizer, type PreTrainedTokenizer, env } from "@huggingface/transformers";
import { EngineError, type Tokenizer } from "./engine.ts";
import { isRecord } from "./files/request.ts";
import { type Texts, parse } from "./files/texts.ts";

/** Templates such as Llama 3's write today's date, so that tomorrow the same question would be another prompt: here they get the day that Llama 3.2's falls back to. */
const withoutToday = (template: string): string => template.replaceAll(/\bstrftime_now\s*\([^()]*\)/g, '"26 Jul 2024"');

/** transformers.js remembers answers by model name; a name of its own keeps one load from seeing another's. */
let loads = 0;

/**
 * The model's tokenizer, made by transformers.js from files that are verified
 * already. Both engines use this one, so that a text has the same tokens in both.
 *
 * @param known      tokenizer.json, and tokenizer_config.json and chat_template.jinja where there are such
 * @param endTokens  ids that end an answer; where empty, the tokenizer's own
 */
export async function loadTokenizer(known: Texts, endTokens: readonly number[]): Promise<Tokenizer> {
  const texts = new Map([["tokenizer_config.json", "{}"], ...known]);
  const asked = env.fetch;
  env.fetch = (input: string | URL) => {
    const path = [...texts.keys()].find((name) => String(input).endsWith(`/${name}`));
    const text = path === undefined ? undefined : texts.get(path);
    return Promise.resolve(text === undefined ? new Response(null, { status: 404 }) : new Response(text));
  };
  try {
    return new ModelTokenizer(await AutoTokenizer.from_pretrained(`geodesic/loaded-${++loads}`), known, endTokens);
  } catch (error) {
    throw new EngineError(`tokenizer.json: expected a tokenizer that transformers.js knows, got "${error instanceof Error ? error.message : String(error)}"; choose another model`);
  } finally {
    env.fetch = asked;
  }
}

class ModelTokenizer implements Tokenizer {
  readonly endTokens: readonly number[];
  private readonly unknown: number | null;
  private readonly template: string | null;

  constructor(
    private readonly tokenizer: PreTrainedTokenizer,
    texts: Texts,
    endTokens: readonly number[],
  ) {
    const own: unknown = tokenizer.eos_token === null ? null : tokenizer._tokenizer.token_to_id(tokenizer.eos_token);
    this.endTokens = endTokens.length > 0 ? endTokens : typeof own === "number" ? [own] : [];
    this.unknown = unknownToken(texts);
    // Newer repositories keep the chat template beside tokenizer_config.json.
    const template = texts.get("chat_template.jinja") ?? (tokenizer.chat_template ? tokenizer.get_chat_template() : null);
    this.template = template === null ? null : withoutToday(template);
  }

  /** Prompts carry their own special tokens, so none are added. */
  encode(text: string): number[] {
    if (text === "") return [];
    const ids = this.raw(text);
    if (ids.some((id) => this.isUnknown(id))) {
      const word = text.split(/\s+/).find((candidate) => candidate !== "" && this.raw(candidate).some((id) => this.isUnknown(id))) ?? text;
      throw new EngineError(`tokenizer: expected words that this model knows, got "${word}"; write the prompt in the model's own vocabulary`);
    }
    return ids as number[];
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
    const options = {
      tokenize: false as const,
      add_generation_prompt: true,
      chat_template: this.template,
      // Hybrid models (Qwen3) think in tags of their own unless told not to; here the mode says how they think.
      enable_thinking: false,
    };
    const rendered: unknown = this.tokenizer.apply_chat_template([{ role: "user", content: message }], options);
    return typeof rendered === "string" ? rendered : null;
  }

  /** Vocabularies of whole words give no id at all for others, the rest one that stands for all of them. */
  private isUnknown(id: number | undefined): boolean {
    return id === undefined || id === this.unknown;
  }

  private raw(text: string): (number | undefined)[] {
    return this.tokenizer.encode(text, { add_special_tokens: false });
  }
}

/** The id that stands for what the vocabulary lacks, if there is one. */
function unknownToken(texts: Texts): number | null {
  const model = parse(texts, "tokenizer.json")?.["model"] as { unk_token?: unknown; unk_id?: unknown; vocab?: unknown } | undefined;
  if (typeof model?.unk_id === "number") return model.unk_id;
  const { unk_token: token, vocab } = model ?? {};
  // The vocabularies of Unigram models are lists and go by unk_id; the others map piece to id.
  if (typeof token !== "string" || !isRecord(vocab)) return null;
  const id = vocab[token];
  return typeof id === "number" ? id : null;
}
