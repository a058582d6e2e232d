/** Where a word goes beside its point without hiding another: pure geometry. */

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/**
 * The first free place around a point, tried right, left, above, below and then
 * the corners; null where every place is taken or outside the frame.
 */
export function freePlace(x: number, y: number, width: number, height: number, gap: number, taken: readonly Box[], frame: Box): Box | null {
  const diagonal = 0.75 * gap;
  const corners: readonly [number, number][] = [
    [x + gap, y - height / 2], [x - gap - width, y - height / 2],
    [x - width / 2, y - gap - height], [x - width / 2, y + gap],
    [x + diagonal, y - diagonal - height], [x + diagonal, y + diagonal],
    [x - diagonal - width, y - diagonal - height], [x - diagonal - width, y + diagonal],
  ];
  for (const [left, top] of corners) {
    const box = { left, top, right: left + width, bottom: top + height };
    const inside = box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
    if (inside && !taken.some((other) => overlaps(box, other))) return box;
  }
  return null;
}
