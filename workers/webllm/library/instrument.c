/*
 * Announcing kernels, as TVM's virtual machine does. The instrument is called twice for
 * each kernel:
 *
 *   (function, name, true, nothing, ...arguments) before it; to return the integer 1
 *     skips the kernel and its second announcement
 *   (function, name, false, result, ...arguments) after it was queued
 *
 * The arguments are the tensors that the kernel of a stock library would get, weights
 * among them, in the stock order, so that one reader understands both. Results are
 * written to an argument, so `result` is nothing.
 *
 * Source: apache/tvm, src/runtime/vm/vm.cc, VirtualMachineImpl::RunInstrCall.
 */

enum { INSTRUMENT_HEAD = 4, INSTRUMENT_MOST = 8, SKIP = 1 };

static Function* instrument;
static Function* announced_function;

FUNCTION_OF_LIBRARY(run_announced) { return fail("instrument: expected a kernel to be watched, got a call of it; call the model's functions instead"); }

static i32 announce(const char* name, i32 before, const Any* arguments, i32 count, Any* answer) {
  Any all[INSTRUMENT_HEAD + INSTRUMENT_MOST];
  if (!announced_function && !(announced_function = new_function(run_announced, NULL))) return -1;
  all[0] = any_object(announced_function);
  all[1] = any_text(name);
  all[2] = any_bool(before);
  all[3] = any_none();
  memcpy(all + INSTRUMENT_HEAD, arguments, (u32)count * sizeof(Any));
  Function* function = hold(instrument); /* it may replace itself */
  i32 failed = call(function, all, INSTRUMENT_HEAD + count, answer);
  let_go(function);
  return failed;
}

/* 1 to run the kernel, 0 to skip it, -1 on an error. */
static i32 announce_before(const char* name, const Any* arguments, i32 count) {
  if (!instrument) return 1;
  Any answer;
  if (announce(name, 1, arguments, count, &answer)) return -1;
  i32 skip = (answer.type == INT || answer.type == BOOL) && answer.value.integer == SKIP;
  let_go_value(&answer);
  return !skip;
}

static i32 announce_after(const char* name, const Any* arguments, i32 count) {
  if (!instrument) return 0;
  Any answer;
  if (announce(name, 0, arguments, count, &answer)) return -1;
  let_go_value(&answer);
  return 0;
}

/* Runs `kernel`, an expression that is 0 where it worked, between its announcements. Leaves the function on an error. */
#define ANNOUNCED(name, arguments, kernel)                                    \
  do {                                                                        \
    const i32 length = (i32)LENGTH(arguments);                                \
    i32 run = announce_before(name, arguments, length);                       \
    if (run < 0) return -1;                                                   \
    if (run && ((kernel) || announce_after(name, arguments, length))) return -1; \
  } while (0)

/* set_instrument(function), or set_instrument(null) to end it. */
FUNCTION_OF_LIBRARY(set_instrument) {
  i32 type = count ? arguments[0].type : NONE;
  if (type != FUNCTION && type != NONE) return fail("set_instrument: expected a function or null, got %s; pass one of them", name_of_type(type));
  Function* old = instrument;
  instrument = type == FUNCTION ? hold(arguments[0].value.pointer) : NULL;
  let_go(old);
  return 0;
}
