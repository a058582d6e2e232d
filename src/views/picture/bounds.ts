/** The part of the plane that a plot shows: pure arithmetic, tested without a canvas. */

export interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** Smallest box around points x₀ y₀ x₁ y₁ …; null where none is finite. */
export function boundsOf(lists: readonly Float32Array[]): Bounds | null {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const points of lists) {
    for (let i = 0; i + 1 < points.length; i += 2) {
      const x = points[i]!;
      const y = points[i + 1]!;
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      bottom = Math.min(bottom, y);
      top = Math.max(top, y);
    }
  }
  return left <= right ? { left, right, bottom, top } : null;
}

/** A margin of `share` of the longer side all round; a single point gets a box of side 2. */
export function padded({ left, right, bottom, top }: Bounds, share: number): Bounds {
  const margin = share * Math.max(right - left, top - bottom) || 1;
  return { left: left - margin, right: right + margin, bottom: bottom - margin, top: top + margin };
}

/**
 * The view after new data. It only grows, so that the axes stand still while
 * steps arrive; once the data fill less than half of it on both sides (another
 * layer, another projection), it is fitted afresh.
 */
export function followed(view: Bounds | null, data: Bounds, share = 0.1): Bounds {
  const fitted = padded(data, share);
  if (!view) return fitted;
  const small = Math.max((data.right - data.left) / (view.right - view.left), (data.top - data.bottom) / (view.top - view.bottom)) < 0.5;
  if (small) return fitted;
  const inside = data.left >= view.left && data.right <= view.right && data.bottom >= view.bottom && data.top <= view.top;
  if (inside) return view;
  return { left: Math.min(view.left, fitted.left), right: Math.max(view.right, fitted.right), bottom: Math.min(view.bottom, fitted.bottom), top: Math.max(view.top, fitted.top) };
}

/** The view widened on one side, so that one unit is as many pixels across as up: distances can be compared. */
export function equalAspect(view: Bounds, width: number, height: number): Bounds {
  const unit = Math.max((view.right - view.left) / width, (view.top - view.bottom) / height);
  const x = (view.left + view.right) / 2;
  const y = (view.bottom + view.top) / 2;
  return { left: x - (unit * width) / 2, right: x + (unit * width) / 2, bottom: y - (unit * height) / 2, top: y + (unit * height) / 2 };
}

/** At most `most` round ticks (1, 2, 5 times a power of ten) inside [low, high]. */
export function niceTicks(low: number, high: number, most: number): number[] {
  if (!(high > low) || !Number.isFinite(high - low)) return Number.isFinite(low) ? [low] : [];
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5, 10, 20]) {
    const step = factor * power;
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    if (last - first + 1 > most) continue;
    return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  }
  return [];
}
