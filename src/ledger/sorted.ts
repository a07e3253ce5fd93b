/** Most handles of one block. */
const BLOCK = 512

/** Neighbours in the order of handles. */
interface Block {
  readonly handles: bigint[]
  readonly indexes: number[]
  /** The least position among them. */
  least: number
}

/** Handles in order with their positions: blocks of bounded length, so that an insertion moves few. */
export class SortedHandles {
  readonly #blocks: Block[]

  /** Begins with handle 0 at position 0. */
  constructor() {
    this.#blocks = [{ handles: [0n], indexes: [0], least: 0 }]
  }

  /** Makes an index of handles that have handle 0 among them. */
  static of(all: readonly { readonly handle: bigint; readonly index: number }[]): SortedHandles {
    const sorted = [...all].sort((a, b) => (a.handle < b.handle ? -1 : 1))
    const index = new SortedHandles()
    index.#blocks.length = 0
    // Half full, as splitting leaves them.
    for (let from = 0; from < sorted.length; from += BLOCK / 2) {
      const some = sorted.slice(from, from + BLOCK / 2)
      const indexes = some.map((one) => one.index)
      index.#blocks.push({ handles: some.map(({ handle }) => handle), indexes, least: leastOf(indexes) })
    }
    return index
  }

  /** Adds a handle that is not in yet, at a position above all others. */
  insert(handle: bigint, index: number): void {
    const at = this.#blockOf(handle)
    const block = this.#blocks[at] as Block
    const { handles, indexes } = block
    const place = countUpTo(handles, handle)
    handles.splice(place, 0, handle)
    indexes.splice(place, 0, index)
    if (handles.length > BLOCK) {
      const half = handles.length >> 1
      const upper = { handles: handles.splice(half), indexes: indexes.splice(half), least: 0 }
      for (const one of [block, upper]) one.least = leastOf(one.indexes)
      this.#blocks.splice(at + 1, 0, upper)
    }
  }

  /**
   * Returns the position of the greatest handle that is not above this one, among the first `size` positions: as it was when
   * there were no others.
   */
  floor(handle: bigint, size = Number.POSITIVE_INFINITY): number {
    let at = this.#blockOf(handle)
    let block = this.#blocks[at] as Block
    let place = countUpTo(block.handles, handle) - 1
    for (;;) {
      while (place >= 0 && (block.indexes[place] as number) >= size) place--
      if (place >= 0) return block.indexes[place] as number
      // Handle 0 is at position 0, so that one is found.
      do block = this.#blocks[--at] as Block
      while (block.least >= size)
      place = block.indexes.length - 1
    }
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

function leastOf(indexes: readonly number[]): number {
  return indexes.reduce((least, index) => Math.min(least, index), Number.POSITIVE_INFINITY)
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
