/** The four prompts as they are, to be read, or changed and run. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Prompt } from "../../probes/tasks/task.ts";
import { decodingModes, type DecodingMode } from "../../probes/trace.ts";
import type { CustomPrompts } from "../custom-prompts.ts";
import { sharedStyle } from "../theme.ts";
import { words } from "../words.ts";
import { textField } from "./text-field.ts";

/** Fired with the prompts to run, or null to go back to the task's own. */
export class PromptsEvent extends CustomEvent<CustomPrompts | null> {
  constructor(detail: CustomPrompts | null) {
    super("use-prompts", { detail, bubbles: true, composed: true });
  }
}

@customElement("prompt-editor")
export class PromptEditor extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      details { border: 1px solid var(--line); border-radius: var(--radius); padding: 0.6rem 0.9rem; }
      summary { cursor: pointer; font-size: var(--small); color: var(--soft); }
      form { display: flex; flex-direction: column; gap: 0.7rem; margin-top: 0.7rem; }
      .prompts { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 0.8rem; }
      fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-direction: column; gap: 0.3rem; min-width: 0; }
      legend { font-size: var(--small); font-weight: 600; padding: 0; }
      textarea { font: 400 12px/1.45 var(--mono); width: 100%; min-height: 7.5rem; background: var(--surface); color: var(--ink); border: 1px solid var(--strong); border-radius: 6px; padding: 0.4rem; resize: vertical; }
      label { font-size: var(--small); color: var(--soft); display: flex; gap: 0.4rem; align-items: center; }
      input[type="text"] { flex: 1; min-width: 3rem; font-family: var(--mono); }
      input[type="number"] { width: 4.5rem; }
      .row { display: flex; flex-wrap: wrap; gap: 0.8rem; align-items: center; }
    `,
  ];

  @property({ attribute: false }) prompts!: Readonly<Record<DecodingMode, Prompt>>;
  @property() expected = "";
  @property({ attribute: false }) custom: CustomPrompts | null = null;
  /** What the vocabulary can express, for the hint. */
  @property() hint = "";
  /** As the task has it. */
  @property({ type: Number }) maxAnswerTokens = 1;
  /** The model speaks a natural language, so that its chat template may be put around a prompt. */
  @property({ type: Boolean }) chat = false;

  protected override render(): TemplateResult {
    const { custom } = this;
    const latent = this.prompts.latent.thinking;
    const cot = this.prompts.cot.thinking;
    return html`<details ?open=${custom !== null}>
      <summary>${custom ? "your own prompts" : "the prompts, word for word: read them, change them"}</summary>
      <form @submit=${this.submit}>
        ${this.hint === "" ? "" : html`<p class="small soft">${this.hint}</p>`}
        <div class="prompts">${decodingModes.map((mode) => this.fields(mode))}</div>
        <div class="row">
          <label>right answer (optional) <input type="text" name="expected" size="6" .value=${custom?.expected ?? this.expected} /></label>
          <label>thoughts <input type="number" name="thoughts" min="0" max="64" .value=${String(custom?.thoughts ?? (latent.kind === "latent" ? latent.steps : 0))} /></label>
          <label>longest chain of thought <input type="number" name="maxThinkingTokens" min="1" max="1024" .value=${String(custom?.maxThinkingTokens ?? (cot.kind === "text" ? cot.maxTokens : 64))} /></label>
          ${this.chat ? html`<label title="the prompt becomes one message of a user, as the model's chat template writes it">as a chat message <input type="checkbox" name="chat" .checked=${custom?.chat ?? true} /></label>` : ""}
          <label>longest answer <input type="number" name="maxAnswerTokens" min="1" max="256" .value=${String(custom?.maxAnswerTokens ?? this.maxAnswerTokens)} /></label>
        </div>
        <div class="row"><button type="submit">run these prompts</button>${custom ? html`<button type="button" @click=${this.back}>back to the task</button>` : ""}</div>
      </form>
    </details>`;
  }

  private fields(mode: DecodingMode): TemplateResult {
    const own = this.custom?.prompts[mode];
    const prompt = this.prompts[mode];
    const question = own?.question ?? `${prompt.context} ${prompt.question}`.trim();
    const cue = own?.cue ?? prompt.cue;
    const stop = own?.stop ?? (prompt.thinking.kind === "text" ? prompt.thinking.stop : "");
    return html`<fieldset>
      <legend>${words.modes[mode].name}</legend>
      <textarea name="${mode}-question" aria-label="prompt, ${words.modes[mode].name}" spellcheck="false" .value=${question}></textarea>
      ${mode === "cot" || mode === "latent" ? html`<label>then <input type="text" name="${mode}-cue" .value=${cue} aria-label="text fed in after thinking, ${mode}" /></label>` : ""}
      ${mode === "cot" ? html`<label>thinks until <input type="text" name="cot-stop" .value=${stop} /></label>` : ""}
    </fieldset>`;
  }

  private submit(event: Event): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string => textField(form, name);
    const number = (name: string): number => Math.max(0, Math.round(Number(form.get(name)) || 0));
    const prompt = (mode: DecodingMode): CustomPrompts["prompts"][DecodingMode] => ({ question: text(`${mode}-question`), cue: text(`${mode}-cue`), stop: text(`${mode}-stop`) });
    this.dispatchEvent(
      new PromptsEvent({
        expected: text("expected"),
        prompts: { direct: prompt("direct"), icl: prompt("icl"), cot: prompt("cot"), latent: prompt("latent") },
        thoughts: number("thoughts"),
        maxThinkingTokens: Math.max(1, number("maxThinkingTokens")),
        maxAnswerTokens: Math.max(1, number("maxAnswerTokens")),
        chat: form.has("chat"),
      }),
    );
  }

  private back(): void {
    this.dispatchEvent(new PromptsEvent(null));
  }
}
