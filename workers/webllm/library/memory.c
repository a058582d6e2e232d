/*
 * Memory of the library itself (weights and activations live in GPU buffers).
 *
 * Blocks up to 32 KiB come in powers of two, each size with its list of free blocks,
 * cut from pages of 64 KiB. Larger ones are runs of pages, first fit, from one list in
 * order of address in which neighbours join. WebAssembly memory only ever grows.
 * A block is preceded by 8 bytes that hold its size. Nothing moves.
 */

enum { PAGE = 65536, HEAD = 8, SMALLEST = 5, LARGEST_SMALL = 15 };

typedef struct Run {
  u32 pages;
  struct Run* next;
} Run;

typedef struct FreeBlock {
  u32 head[2];
  struct FreeBlock* next;
} FreeBlock;

static FreeBlock* free_blocks[LARGEST_SMALL + 1];
static Run* free_runs;

void* memcpy(void* to, const void* from, u32 size) { return __builtin_memcpy(to, from, size); }
void* memset(void* to, int value, u32 size) { return __builtin_memset(to, value, size); }

static Run* end_of(Run* run) { return (Run*)((u8*)run + run->pages * PAGE); }

static void free_run(Run* run, u32 pages) {
  run->pages = pages;
  Run** at = &free_runs;
  Run* before = NULL;
  while (*at && *at < run) {
    before = *at;
    at = &(*at)->next;
  }
  run->next = *at;
  *at = run;
  if (run->next && end_of(run) == run->next) {
    run->pages += run->next->pages;
    run->next = run->next->next;
  }
  if (before && end_of(before) == run) {
    before->pages += run->pages;
    before->next = run->next;
  }
}

static void* take_run(u32 pages) {
  for (i32 attempt = 0; attempt < 2; attempt++) {
    for (Run** at = &free_runs; *at; at = &(*at)->next) {
      Run* run = *at;
      if (run->pages < pages) continue;
      if (run->pages == pages) {
        *at = run->next;
      } else {
        Run* rest = (Run*)((u8*)run + pages * PAGE);
        rest->pages = run->pages - pages;
        rest->next = run->next;
        *at = rest;
      }
      return run;
    }
    u32 old = __builtin_wasm_memory_grow(0, pages);
    if (old == (u32)-1) return NULL;
    free_run((Run*)(old * PAGE), pages);
  }
  return NULL;
}

static i32 fail(const char* format, ...);

/* `size` bytes at a multiple of 8, not cleared; NULL, with the error set, where memory is out. */
static void* allocate(u32 size) {
  u64 need = (u64)size + HEAD;
  u32* block = NULL;
  if (need <= 1u << LARGEST_SMALL) {
    u32 kind = SMALLEST;
    while (1u << kind < need) kind++;
    if (!free_blocks[kind]) {
      u8* page = take_run(1);
      for (u32 at = 0; page && at < PAGE; at += 1u << kind) {
        FreeBlock* block = (FreeBlock*)(page + at);
        block->next = free_blocks[kind];
        free_blocks[kind] = block;
      }
    }
    if (free_blocks[kind]) {
      block = (u32*)free_blocks[kind];
      free_blocks[kind] = free_blocks[kind]->next;
      *block = kind;
    }
  } else {
    u32 pages = (u32)((need + PAGE - 1) / PAGE);
    block = take_run(pages);
    if (block) *block = pages << 8;
  }
  if (!block) {
    fail("memory: expected %u bytes more of WebAssembly memory, got none; close other tabs, or choose a smaller model", size);
    return NULL;
  }
  return (u8*)block + HEAD;
}

static void* allocate_zeroed(u32 size) {
  void* block = allocate(size);
  if (block) memset(block, 0, size);
  return block;
}

static void release(void* pointer) {
  if (!pointer) return;
  u32* block = (u32*)((u8*)pointer - HEAD);
  u32 kind = *block;
  if (kind > LARGEST_SMALL) {
    free_run((Run*)block, kind >> 8);
  } else {
    FreeBlock* small = (FreeBlock*)block;
    small->next = free_blocks[kind];
    free_blocks[kind] = small;
  }
}

/* A list that grows: room for one more item of `size` bytes, old items kept. NULL where memory is out. */
static void* grow(void* items, u32 count, u32* capacity, u32 size) {
  if (count < *capacity) return items;
  u32 wanted = *capacity ? *capacity * 2 : 16;
  void* wider = allocate(wanted * size);
  if (!wider) return NULL;
  if (items) memcpy(wider, items, count * size);
  release(items);
  *capacity = wanted;
  return wider;
}
