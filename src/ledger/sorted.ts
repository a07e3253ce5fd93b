/** Most handles of one block. */
const BLOCK = 512

/** Handles in order with their positions: blocks of bounded length, so that an insertion moves few. */
export class SortedHandles {
  readonly #blocks: { handles: bigint[]; indexes: number[] }[]

  /** Begins with handle 0 at position 0. */
  constructor() {
    this.#blocks = [{ handles: [0n], indexes: [0] }]
  }

  /** Makes an index of handles that have handle 0 among them. */
  static of(all: readonly { readonly handle: bigint; readonly index: number }[]): SortedHandles {
    const sorted = [...all].sort((a, b) => (a.handle < b.handle ? -1 : 1))
    const index = new SortedHandles()
    index.#blocks.length = 0
    // Half full, as splitting leaves them.
    for (let from = 0; from < sorted.length; from += BLOCK / 2) {
      const some = sorted.slice(from, from + BLOCK / 2)
      index.#blocks.push({
        handles: some.map(({ handle }) => handle),
        indexes: some.map((one) => one.index),
      })
    }
    return index
  }

  /** Adds a handle that is not in yet. */
  insert(handle: bigint, index: number): void {
    const at = this.#blockOf(handle)
    const { handles, indexes } = this.#blocks[at] as { handles: bigint[]; indexes: number[] }
    const place = countUpTo(handles, handle)
    handles.splice(place, 0, handle)
    indexes.splice(place, 0, index)
    if (handles.length > BLOCK) {
      const half = handles.length >> 1
      this.#blocks.splice(at + 1, 0, { handles: handles.splice(half), indexes: indexes.splice(half) })
    }
  }

  /** Returns the position of the greatest handle that is not above this one. */
  floor(handle: bigint): number {
    const { handles, indexes } = this.#blocks[this.#blockOf(handle)] as {
      handles: bigint[]
      indexes: number[]
    }
    return indexes[countUpTo(handles, handle) - 1] as number
  }

  /** The last block that begins at or below a handle; the first begins with 0. */
  #blockOf(handle: bigint): number {
    let [from, to] = [0, this.#blocks.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#blocks[middle]?.handles[0] as bigint) <= handle) from = middle + 1
      else to = middle
    }
    return from - 1
  }
}

/** Returns how many of the sorted handles are at most `handle`. */
function countUpTo(handles: readonly bigint[], handle: bigint): number {
  let [from, to] = [0, handles.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((handles[middle] as bigint) <= handle) from = middle + 1
    else to = middle
  }
  return from
}
