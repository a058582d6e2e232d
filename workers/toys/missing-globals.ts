/**
 * What jax-js takes for granted and an older engine lacks, as little of it as
 * jax-js uses. Imported for its effect, before jax-js.
 *
 * Node 20 has neither; of browsers, Safari before 18.4 and Firefox before 131 lack the first.
 */

/** `map` and `filter` of iterators: `np.einsum` reads its subscripts with them. */
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object;
const helpers = {
  *map<T, U>(this: Iterable<T>, change: (item: T) => U): Generator<U> {
    for (const item of this) yield change(item);
  },
  *filter<T>(this: Iterable<T>, keep: (item: T) => boolean): Generator<T> {
    for (const item of this) if (keep(item)) yield item;
  },
};
for (const [name, value] of Object.entries(helpers)) {
  // Not an assignment: the names must not show up in `for … in`.
  if (!(name in iterators)) Object.defineProperty(iterators, name, { value, configurable: true, writable: true });
}

/** `data instanceof Float16Array` is asked of every float64 array; nothing is one here. */
if (!("Float16Array" in globalThis)) Object.defineProperty(globalThis, "Float16Array", { value: function Float16Array() {}, configurable: true, writable: true });
