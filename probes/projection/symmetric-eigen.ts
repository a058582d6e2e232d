/**
 * The largest eigenvalues of a symmetric matrix and their eigenvectors, in float64.
 *
 * Householder reflections make the matrix tridiagonal (4/3 m³ operations), QL
 * with implicit shifts gives all eigenvalues of the tridiagonal matrix, and the
 * eigenvectors come from the same rotations (m ≤ 32) or, faster for a few of
 * many, from inverse iteration, whose result is checked and, where the spectrum
 * is too crowded for it, replaced by the rotations.
 *
 * Source: Wilkinson & Reinsch 1971, Handbook for Automatic Computation II,
 * tred2, tql2 and tristurm.
 */
import { Random } from "../random.ts";

export interface Eigen {
  /** All m eigenvalues, largest first. */
  readonly values: Float64Array<ArrayBuffer>;
  /** The k eigenvectors of the largest, one after the other, [k, m]. */
  readonly vectors: Float64Array<ArrayBuffer>;
}

/** Up to this size, or where most eigenvectors are wanted, rotations cost no more. */
const rotationsUpTo = 32;

/**
 * @param matrix  symmetric, row-major, [m, m]; overwritten
 * @param k       how many eigenvectors
 */
export function symmetricEigen(matrix: Float64Array, m: number, k: number): Eigen {
  const wanted = Math.min(k, m);
  // Numbers of size 1, so that no square below can overflow.
  let unit = 0;
  for (let i = 0; i < matrix.length; i++) unit = Math.max(unit, Math.abs(matrix[i]!));
  if (unit > 0) for (let i = 0; i < matrix.length; i++) matrix[i] = matrix[i]! / unit;
  const { diagonal, off, scales } = tridiagonal(matrix, m);
  const few = m > rotationsUpTo && wanted < m / 4;
  let { values, vectors } = few ? byInverseIteration(diagonal, off, wanted) : byRotations(diagonal, off, wanted);
  if (few && !agrees(diagonal, off, values, vectors, wanted)) ({ values, vectors } = byRotations(diagonal, off, wanted));
  for (let i = 0; i < wanted; i++) reflectBack(matrix, scales, m, vectors.subarray(i * m, (i + 1) * m));
  return { values: values.map((value) => value * unit), vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** off[i] couples i and i + 1; the last is 0. */
  readonly off: Float64Array;
  /** Reflection i is I − scales[i] v vᵀ, with v in row i of the overwritten matrix, columns 0 … i−1. */
  readonly scales: Float64Array;
}

function tridiagonal(a: Float64Array, m: number): Tridiagonal {
  const diagonal = new Float64Array(m);
  const off = new Float64Array(m);
  const scales = new Float64Array(m);
  // The reflection before this one, A −= v wᵀ + w vᵀ, is applied in the same pass that multiplies by the new one.
  const vOld = new Float64Array(m);
  let wOld = new Float64Array(m);
  let wNew = new Float64Array(m);
  const v = new Float64Array(m);
  for (let i = m - 1; i > 0; i--) {
    const last = a.subarray(i * m, i * m + i + 1);
    for (let c = 0; c <= i; c++) last[c] = last[c]! - vOld[i]! * wOld[c]! - wOld[i]! * vOld[c]!;
    diagonal[i] = last[i]!;
    let rest = 0;
    for (let c = 0; c < i - 1; c++) rest += last[c]! * last[c]!;
    const edge = last[i - 1]!;
    let scale = 0;
    if (rest === 0) {
      off[i - 1] = edge;
    } else {
      const norm = Math.sqrt(rest + edge * edge);
      off[i - 1] = edge > 0 ? -norm : norm;
      last[i - 1] = edge - off[i - 1]!;
      scale = 2 / (rest + last[i - 1]! * last[i - 1]!);
    }
    scales[i] = scale;
    v.fill(0);
    if (scale > 0) v.set(last.subarray(0, i));
    const w = wNew.fill(0);
    // w = A v over the lower triangle, once A is up to date.
    for (let r = 0; r < i; r++) {
      const at = r * m;
      const vr = v[r]!;
      const vo = vOld[r]!;
      const wo = wOld[r]!;
      let sum = 0;
      for (let c = 0; c < r; c++) {
        const x = a[at + c]! - vo * wOld[c]! - wo * vOld[c]!;
        a[at + c] = x;
        sum += x * v[c]!;
        w[c] = w[c]! + x * vr;
      }
      const x = a[at + r]! - 2 * vo * wo;
      a[at + r] = x;
      w[r] = w[r]! + sum + x * vr;
    }
    let dot = 0;
    for (let c = 0; c < i; c++) dot += (w[c] = w[c]! * scale) * v[c]!;
    const half = (scale * dot) / 2;
    for (let c = 0; c < i; c++) w[c] = w[c]! - half * v[c]!;
    vOld.set(v);
    [wOld, wNew] = [wNew, wOld];
  }
  if (m > 0) diagonal[0] = a[0]! - 2 * vOld[0]! * wOld[0]!;
  return { diagonal, off, scales };
}

/** An eigenvector of the tridiagonal matrix becomes one of the matrix itself. */
function reflectBack(a: Float64Array, scales: Float64Array, m: number, z: Float64Array): void {
  for (let i = 1; i < m; i++) {
    if (scales[i] === 0) continue;
    const v = a.subarray(i * m, i * m + i);
    let dot = 0;
    for (let c = 0; c < i; c++) dot += v[c]! * z[c]!;
    dot *= scales[i]!;
    for (let c = 0; c < i; c++) z[c] = z[c]! - dot * v[c]!;
  }
}

/** Steps in which an eigenvalue may settle to its own accuracy. */
const patience = 20;

/** QL with implicit shifts: `d` becomes the eigenvalues; the rows of `z`, where given, take the rotations. */
function implicitQl(d: Float64Array, e: Float64Array, z: Float64Array | null): void {
  const m = d.length;
  const norm = normOf(d, e);
  for (let l = 0; l < m; l++) {
    for (let iteration = 0; ; iteration++) {
      let end = l;
      for (; end < m - 1; end++) {
        // Beside eigenvalues that are themselves rounding errors nothing gets small: there what is small beside the whole matrix is 0.
        const scale = iteration < patience ? Math.abs(d[end]!) + Math.abs(d[end + 1]!) : norm;
        if (Math.abs(e[end]!) <= Number.EPSILON * scale || Math.abs(e[end]!) < Number.MIN_VALUE * 2 ** 52) break;
      }
      if (end === l) break;
      if (iteration === 60) throw new Error(`symmetricEigen: expected eigenvalue ${l} to converge, got none after 60 iterations; check the matrix for NaN`);
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.sqrt(g * g + 1);
      g = d[end]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = end - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] = d[i + 1]! - p;
          e[end] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (z) {
          for (let x = i * m, y = (i + 1) * m, stop = y; x < stop; x++, y++) {
            const zy = z[y]!;
            const zx = z[x]!;
            z[y] = s * zx + c * zy;
            z[x] = c * zx - s * zy;
          }
        }
      }
      if (r === 0 && i >= l) continue;
      d[l] = d[l]! - p;
      e[l] = g;
      e[end] = 0;
    }
  }
}

function byRotations(diagonal: Float64Array, off: Float64Array, k: number): Eigen {
  const m = diagonal.length;
  const d = Float64Array.from(diagonal);
  const z = new Float64Array(m * m);
  for (let i = 0; i < m; i++) z[i * m + i] = 1;
  implicitQl(d, Float64Array.from(off), z);
  const order = Array.from(d.keys()).sort((i, j) => d[j]! - d[i]!);
  const vectors = new Float64Array(k * m);
  for (let i = 0; i < k; i++) vectors.set(z.subarray(order[i]! * m, (order[i]! + 1) * m), i * m);
  return { values: Float64Array.from(order, (i) => d[i]!), vectors };
}

function byInverseIteration(diagonal: Float64Array, off: Float64Array, k: number): Eigen {
  const m = diagonal.length;
  const values = Float64Array.from(diagonal);
  implicitQl(values, Float64Array.from(off), null);
  values.sort().reverse();
  const scale = normOf(diagonal, off);
  const vectors = new Float64Array(k * m);
  const random = new Random(1);
  let shift = Infinity;
  for (let i = 0; i < k; i++) {
    // Equal eigenvalues get slightly different shifts, or they would give one vector twice.
    shift = Math.min(values[i]!, shift - 2 * Number.EPSILON * scale);
    const solve = shiftedSolver(diagonal, off, shift, Number.EPSILON * scale);
    const x = vectors.subarray(i * m, (i + 1) * m);
    for (let j = 0; j < m; j++) x[j] = random.uniform() - 0.5;
    for (let iteration = 0; iteration < 4; iteration++) {
      solve(x);
      normalise(x);
      for (let pass = 0; pass < 2; pass++) for (let j = 0; j < i; j++) removeComponent(x, vectors.subarray(j * m, (j + 1) * m));
      normalise(x);
    }
  }
  return { values, vectors };
}

/** Solves (T − shift) x = b in place, by Gaussian elimination with row exchanges. */
function shiftedSolver(diagonal: Float64Array, off: Float64Array, shift: number, tiny: number): (x: Float64Array) => void {
  const m = diagonal.length;
  const pivot = new Float64Array(m);
  const right = new Float64Array(m);
  const further = new Float64Array(m);
  const factor = new Float64Array(m);
  const exchanged = new Uint8Array(m);
  let p = diagonal[0]! - shift;
  let q = m > 1 ? off[0]! : 0;
  for (let i = 0; i < m - 1; i++) {
    const below = off[i]!;
    const nextDiagonal = diagonal[i + 1]! - shift;
    const nextRight = i + 2 < m ? off[i + 1]! : 0;
    if (Math.abs(below) > Math.abs(p)) {
      exchanged[i] = 1;
      factor[i] = p / below;
      pivot[i] = below;
      right[i] = nextDiagonal;
      further[i] = nextRight;
      p = q - factor[i]! * nextDiagonal;
      q = -factor[i]! * nextRight;
    } else {
      pivot[i] = p === 0 ? tiny : p;
      factor[i] = below / pivot[i]!;
      right[i] = q;
      p = nextDiagonal - factor[i]! * q;
      q = nextRight;
    }
  }
  pivot[m - 1] = p;
  for (let i = 0; i < m; i++) if (Math.abs(pivot[i]!) < tiny) pivot[i] = tiny;
  return (x) => {
    for (let i = 0; i < m - 1; i++) {
      if (exchanged[i]) {
        const upper = x[i + 1]!;
        x[i + 1] = x[i]! - factor[i]! * upper;
        x[i] = upper;
      } else {
        x[i + 1] = x[i + 1]! - factor[i]! * x[i]!;
      }
    }
    for (let i = m - 1; i >= 0; i--) {
      let sum = x[i]!;
      if (i + 1 < m) sum -= right[i]! * x[i + 1]!;
      if (i + 2 < m) sum -= further[i]! * x[i + 2]!;
      x[i] = sum / pivot[i]!;
    }
  };
}

function normOf(diagonal: Float64Array, off: Float64Array): number {
  let norm = Number.MIN_VALUE * 2 ** 60;
  for (let i = 0; i < diagonal.length; i++) norm = Math.max(norm, Math.abs(diagonal[i]!) + Math.abs(off[i]!) + Math.abs(off[i - 1] ?? 0));
  return norm;
}

function normalise(x: Float64Array): void {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  let square = 0;
  for (let i = 0; i < x.length; i++) square += (x[i]! / largest) ** 2;
  const scale = 1 / (Math.sqrt(square) * largest);
  for (let i = 0; i < x.length; i++) x[i] = x[i]! * scale;
}

function removeComponent(x: Float64Array, unit: Float64Array): void {
  let dot = 0;
  for (let i = 0; i < x.length; i++) dot += x[i]! * unit[i]!;
  for (let i = 0; i < x.length; i++) x[i] = x[i]! - dot * unit[i]!;
}

/** Whether T x = λ x to rounding for every vector; orthogonality is kept by construction. */
function agrees(diagonal: Float64Array, off: Float64Array, values: Float64Array, vectors: Float64Array, k: number): boolean {
  const m = diagonal.length;
  const tolerance = 1e-12 * normOf(diagonal, off);
  for (let v = 0; v < k; v++) {
    const x = vectors.subarray(v * m, (v + 1) * m);
    for (let i = 0; i < m; i++) {
      const left = i > 0 ? off[i - 1]! * x[i - 1]! : 0;
      const right = i + 1 < m ? off[i]! * x[i + 1]! : 0;
      if (!(Math.abs(left + diagonal[i]! * x[i]! + right - values[v]! * x[i]!) <= tolerance)) return false;
    }
  }
  return true;
}
