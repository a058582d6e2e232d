/** Chat templates as published models write them, over a vocabulary of our own. */
import { expect, test } from "vitest";
import { nanoFile } from "./reference/nano.test-support.ts";
import "./transformers/node.test-support.ts";

const { loadTokenizer } = await import("./tokenizer.ts");

const vocabulary = nanoFile("tokenizer.json").toString("utf8");
const rendered = async (template: string): Promise<string | null> => (await loadTokenizer(new Map([["tokenizer.json", vocabulary], ["chat_template.jinja", template]]), [])).chat("Who is it?");

test("a message is rendered up to where the assistant begins", async () => {
  const chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
  expect(await rendered(chatml)).toBe("<|im_start|>user\nWho is it?<|im_end|>\n<|im_start|>assistant\n");
});

test("a hybrid model is told not to think in tags of its own", async () => {
  const qwen3 = "{{ messages[0].content }}{% if add_generation_prompt %}<|im_start|>assistant\n{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}";
  expect(await rendered(qwen3)).toBe("Who is it?<|im_start|>assistant\n<think>\n\n</think>\n\n");
});

test("a prompt does not depend on the day: a template that writes the date gets the same one always", async () => {
  const llama3 = "{% if not date_string is defined %}{% if strftime_now is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% else %}{% set date_string = '26 Jul 2024' %}{% endif %}{% endif %}Today Date: {{ date_string }}\n{{ messages[0].content }}";
  expect(await rendered(llama3)).toBe("Today Date: 26 Jul 2024\nWho is it?");
  expect(await rendered("{{ strftime_now('%Y-%m-%d') }} {{ messages[0].content }}")).toBe("26 Jul 2024 Who is it?");
});

test("without a template there is no chat", async () => {
  expect((await loadTokenizer(new Map([["tokenizer.json", vocabulary]]), [])).chat("Who is it?")).toBeNull();
});
