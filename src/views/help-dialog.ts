/** What the page shows, how to read it, and the keys. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { Place } from "../places.ts";
import { sharedStyle } from "../theme.ts";

@customElement("help-dialog")
export class HelpDialog extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      dialog { border: 1px solid var(--strong); border-radius: 12px; background: var(--raised); color: var(--ink); padding: 1.4rem 1.6rem; max-width: min(44rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); overflow-y: auto; }
      dialog::backdrop { background: rgb(0 0 0 / 0.4); }
      .head { display: flex; justify-content: space-between; align-items: center; }
      h3 { font-size: var(--body); margin-top: 1rem; }
      p, dl { margin: 0.4rem 0 0; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; font-size: var(--small); }
      dd { margin: 0; color: var(--soft); }
      kbd { font: 600 12px var(--mono); border: 1px solid var(--strong); border-radius: 4px; padding: 0.05rem 0.35rem; }
    `,
  ];

  @property() place: Place = "probe";
  @query("dialog") private dialog!: HTMLDialogElement;

  open(): void {
    this.dialog.showModal();
  }

  private close(event: Event): void {
    if (event.target === event.currentTarget) this.dialog.close();
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-label="help" @click=${this.close}>
      <div class="head"><h2>How to read this page</h2><button @click=${this.close} aria-label="close">✕</button></div>
      ${this.place === "claims" ? ofClaims() : ofProbe()}
    </dialog>`;
  }
}

function ofClaims(): TemplateResult {
  return html`
      <p>A founding essay tells how neural networks work in the language of geometry. Each row of the table takes one of its sentences and makes an experiment of it that can come out either way.</p>
      <h3>Verdicts</h3>
      <dl>
        <dt>▲ supported</dt><dd>what was measured speaks for the sentence as the essay has it.</dd>
        <dt>◆ mixed</dt><dd>it holds in part, or under conditions that the essay does not name.</dd>
        <dt>▼ refuted</dt><dd>what was measured speaks against it.</dd>
        <dt>hollow</dt><dd>what theory and literature lead one to expect, before any run.</dd>
      </dl>
      <h3>Where a verdict comes from</h3>
      <p>The experiment measures and knows of no verdict. A rule, which stood in the code before anything was run, turns the numbers into one. Its thresholds are yours to change: the same numbers are judged anew, and the page says that it is your rule then.</p>
      <p>Every claim can be run sabotaged: with its model spoiled on purpose, its verdict has to change. Else it would not be the model that decides.</p>
      <h3>What to trust</h3>
      <p>These are small models in small worlds, run in seconds. A refuted sentence is wrong there, a supported one right there; each claim says what it does not show. Sources marked “recalled” were written from memory: look them up.</p>
      <p>Seeds make every run repeatable. Runs are kept in this browser, and leave it only as files that you save.</p>`;
}

function ofProbe(): TemplateResult {
  return html`
      <p>A small language model answers one question in four ways. At every step the page reads the model’s hidden state after every layer, and draws where it goes.</p>
      <h3>Four ways of thinking</h3>
      <dl>
        <dt>direct</dt><dd>reads the question and answers in one forward pass. Without it no comparison means anything.</dd>
        <dt>examples (ICL)</dt><dd>sees solved questions in its prompt first.</dd>
        <dt>chain of thought</dt><dd>writes each intermediate step as a token; a block in the strip.</dd>
        <dt>latent loop</dt><dd>writes nothing: its last hidden state is fed back as the next input (Coconut, Hao et al. 2024). A ring in the strip, filled by the tokens that the vector reads out as. Two slices are two possibilities carried at once.</dd>
      </dl>
      <h3>Does the thought matter?</h3>
      <p>Below the latent loop a control takes the thought’s place: nothing, a pause, a random vector, another problem’s thought, the nearest token, or noise. If the answer survives all of them, the thought was not used. On pointer chase it survives the nearest token, since there a thought is one letter; on reachability it does not, since there a thought holds two.</p>
      <p>A model that never learnt to think in vectors is given them in other ways, too: its hidden state at an embedding’s norm, or mixtures of the tokens that it finds likely (soft thinking, mixture of inputs). “Not trained for this” says so; each thought shows its norm and the embeddings nearest to it.</p>
      <h3>What if?</h3>
      <p>Select a step and press “what if … were …” in its column: the thought becomes another, a chain is cut short or gets a wrong step, a state is patched in from another run at any step and layer. The altered run is drawn beside the original from where they part, and the same is counted over many problems. “Compare” lays any two runs, models or weights side by side.</p>
      <h3>Models</h3>
      <dl>
        <dt>embedded</dt><dd>nano, 0.37 M parameters, trained for these tasks. Nothing is downloaded.</dd>
        <dt>WebLLM</dt><dd>language models on WebGPU, in MLC’s format. Hidden states are read between the kernels of the model library: ours, or the stock one.</dd>
        <dt>transformers.js</dt><dd>ONNX models. Hidden states are read from outputs that are added to the graph.</dd>
      </dl>
      <p>Choosing a model of the hub contacts huggingface.co, a stock library github.com; nothing else leaves this machine. Downloads are verified byte by byte, can be paused, and go on from where they were.</p>
      <h3>What to trust</h3>
      <p>“Probe verified”: after loading, layer 0 was the embedding, the head applied to the last layer gave the model’s own logits, and a vector step with a token’s embedding gave the token’s logits. A click shows by how much they differed. Where one fails, nothing of the model is drawn.</p>
      <p>A projection to two dimensions loses most of what there is; each states how much variance it keeps and how many neighbours stay neighbours (trustworthiness). One question is an anecdote; the last panel counts.</p>
      <h3>Keys</h3>
      <dl>
        <dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>step back, step on</dd>
        <dt><kbd>space</kbd></dt><dd>play and pause</dd>
        <dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>layer up, layer down</dd>
        <dt><kbd>1</kbd> … <kbd>4</kbd></dt><dd>direct, examples, chain of thought, latent loop</dd>
        <dt><kbd>M</kbd></dt><dd>next mode</dd>
        <dt><kbd>N</kbd></dt><dd>new problem</dd>
        <dt><kbd>?</kbd></dt><dd>this help</dd>
      </dl>`;
}
