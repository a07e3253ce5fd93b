/** Gives the memory of bytes that nobody reads any more back at once, where the engine can; else the collector does, later. */
export function discard({ buffer }: ArrayBufferView): void {
  // Node 20 does not have it. What is left has no bytes.
  ;(buffer as { transfer?: (length: number) => unknown }).transfer?.(0)
}
