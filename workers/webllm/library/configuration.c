/*
 * What the library must know about a model beyond its tensors. WebLLM hands a library
 * no configuration, so configure.ts writes the numbers of mlc-chat-config.json into
 * this block of the wasm file before WebLLM gets it. It finds the block by its first 16
 * bytes; the layout is repeated there. As built, the block is empty and every use is
 * refused.
 */

enum { LLAMA = 1, QWEN2 = 2, QWEN3 = 3 };
enum { MOST_HEAD_DIM = 256 };

typedef struct {
  char mark[16];
  u32 architecture; /* 0 as built */
  u32 hidden_size;
  u32 layers;
  u32 heads;
  u32 kv_heads;
  u32 head_dim;
  u32 intermediate_size;
  u32 vocab_size;
  u32 context_length;
  u32 prefill_chunk_size;
  u32 tied;
  u32 norm_epsilon; /* the bits of a float32 */
  u32 reserved[4];
  /* theta^(-2i / head_dim), scaled as the model asks, for i < head_dim / 2 */
  f32 inverse_frequencies[MOST_HEAD_DIM / 2];
} Configuration;

_Static_assert(sizeof(Configuration) == 592, "Configuration");

/* Not static and not const: what is here at run time is not what the compiler sees. */
__attribute__((used)) Configuration configuration = {.mark = {'g', 'e', 'o', 'd', 'e', 's', 'i', 'c', '-', 'c', 'o', 'n', 'f', 'i', 'g', '1'}};

static const char* architecture_name(void) { return configuration.architecture == QWEN3 ? "qwen3" : configuration.architecture == QWEN2 ? "qwen2" : "llama"; }

static i32 qkv_width(void) { return (i32)((configuration.heads + 2 * configuration.kv_heads) * configuration.head_dim); }
static i32 attention_width(void) { return (i32)(configuration.heads * configuration.head_dim); }

static i32 check_configuration(void) {
  const Configuration* c = &configuration;
  if (!c->architecture) return fail("configuration: expected the numbers of a model, got none; pass the wasm through configureLibrary first");
  if (c->architecture > QWEN3) return fail("configuration: expected architecture 1 (llama), 2 (qwen2) or 3 (qwen3), got %u; build library and page from one version", c->architecture);
  if (!c->hidden_size || !c->layers || !c->heads || !c->kv_heads || !c->intermediate_size || !c->vocab_size || !c->context_length || !c->prefill_chunk_size) return fail("configuration: expected sizes from 1 up, got a 0; correct mlc-chat-config.json");
  if (c->heads % c->kv_heads) return fail("configuration: expected the key-value heads to divide %u heads, got %u; correct mlc-chat-config.json", c->heads, c->kv_heads);
  if (c->head_dim < 4 || c->head_dim % 4 || c->head_dim > MOST_HEAD_DIM) return fail("configuration: expected a head_dim that is a multiple of 4 up to %d, got %u; choose another model", MOST_HEAD_DIM, c->head_dim);
  if (c->hidden_size % 4 || c->intermediate_size % 4) return fail("configuration: expected hidden and intermediate sizes that are multiples of 4, got %u and %u; choose another model", c->hidden_size, c->intermediate_size);
  return 0;
}
